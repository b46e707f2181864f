// SDK for Go v2 over STS, SSM and ECS.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func must(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func check(ok bool, what string) {
	if !ok {
		fmt.Println("failed:", what)
		os.Exit(1)
	}
}

func main() {
	ctx := context.Background()
	config := aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String(os.Args[1]),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}
	me, err := sts.NewFromConfig(config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	must(err)
	check(*me.Account == "000000000000", "account")

	parameters := ssm.NewFromConfig(config)
	_, err = parameters.PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String("/go/a"), Value: aws.String("one"), Type: ssmtypes.ParameterTypeString})
	must(err)
	got, err := parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/go/a")})
	must(err)
	check(*got.Parameter.Value == "one" && got.Parameter.LastModifiedDate != nil, "parameter")
	_, err = parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/go/none")})
	var missing *ssmtypes.ParameterNotFound
	check(errors.As(err, &missing), "ParameterNotFound")

	client := ecs.NewFromConfig(config)
	made, err := client.CreateCluster(ctx, &ecs.CreateClusterInput{
		ClusterName: aws.String("go"),
		Tags:        []ecstypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	must(err)
	check(*made.Cluster.ClusterArn == "arn:aws:ecs:eu-central-1:000000000000:cluster/go", "cluster's ARN")
	tags, err := client.ListTagsForResource(ctx, &ecs.ListTagsForResourceInput{ResourceArn: made.Cluster.ClusterArn})
	must(err)
	check(len(tags.Tags) == 1 && *tags.Tags[0].Value == "b", "tags")
	task, err := client.RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{
		Family: aws.String("go"),
		ContainerDefinitions: []ecstypes.ContainerDefinition{
			{Name: aws.String("a"), Image: aws.String("busybox"), Memory: aws.Int32(64)}}})
	must(err)
	check(task.TaskDefinition.Revision == 1 && task.TaskDefinition.RegisteredAt != nil, "task definition")
	_, err = client.ListAttributes(ctx, &ecs.ListAttributesInput{
		Cluster: aws.String("none"), TargetType: ecstypes.TargetTypeContainerInstance})
	var none *ecstypes.ClusterNotFoundException
	check(errors.As(err, &none), "ClusterNotFoundException")
	gone, err := client.DeleteCluster(ctx, &ecs.DeleteClusterInput{Cluster: aws.String("go")})
	must(err)
	check(*gone.Cluster.Status == "INACTIVE", "deleted")
	fmt.Println("ok")
}
