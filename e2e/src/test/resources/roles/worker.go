// A service that knows nothing of Gantry: the SDK for Go v2 as it comes, with its default credentials and endpoint.
//
//	worker read OWN OTHER   reads its own secret and parameter, and is refused the other's
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

func fail(what string, err error) {
	fmt.Println("FAILED:", what, err)
	os.Exit(1)
}

func refused(what string, err error) {
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "AccessDeniedException" {
		fail(what+" was not refused:", err)
	}
	fmt.Println("refused:", api.ErrorMessage())
}

func main() {
	own, other := os.Args[2], os.Args[3]
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		fail("configuration", err)
	}
	me, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		fail("who am I", err)
	}
	fmt.Println("i am", *me.Arn)
	secrets, parameters := secretsmanager.NewFromConfig(cfg), ssm.NewFromConfig(cfg)
	secret := func(of string) (*string, error) {
		got, err := secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(of + "/db")})
		if err != nil {
			return nil, err
		}
		return got.SecretString, nil
	}
	parameter := func(of string) (*string, error) {
		got, err := parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/" + of + "/url"), WithDecryption: aws.Bool(true)})
		if err != nil {
			return nil, err
		}
		return got.Parameter.Value, nil
	}
	mine, err := secret(own)
	if err != nil {
		fail("own secret", err)
	}
	url, err := parameter(own)
	if err != nil {
		fail("own parameter", err)
	}
	fmt.Println("own secret", *mine, "own parameter", *url)
	_, err = secret(other)
	refused("the other's secret", err)
	_, err = parameter(other)
	refused("the other's parameter", err)
	fmt.Println("injected", os.Getenv("DB_PASSWORD"), os.Getenv("DB_URL"))
}
