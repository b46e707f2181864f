// SDK for JavaScript v3 over STS, SSM and ECS.
import assert from "node:assert/strict";
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { SSMClient, PutParameterCommand, GetParameterCommand } from "@aws-sdk/client-ssm";
import {
  ECSClient, CreateClusterCommand, DescribeClustersCommand, DeleteClusterCommand,
  RegisterTaskDefinitionCommand, DescribeTaskDefinitionCommand, ListTagsForResourceCommand,
  ListAccountSettingsCommand, ListAttributesCommand,
} from "@aws-sdk/client-ecs";

const config = {
  endpoint: process.argv[2], region: "eu-central-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
};
const sts = new STSClient(config);
assert.equal((await sts.send(new GetCallerIdentityCommand({}))).Account, "000000000000");

const ssm = new SSMClient(config);
assert.equal((await ssm.send(new PutParameterCommand({ Name: "/js/a", Value: "one", Type: "StringList" }))).Version, 1);
const got = (await ssm.send(new GetParameterCommand({ Name: "/js/a" }))).Parameter;
assert.equal(got.Value, "one");
assert.ok(got.LastModifiedDate instanceof Date);
await assert.rejects(ssm.send(new GetParameterCommand({ Name: "/js/none" })), { name: "ParameterNotFound" });

const ecs = new ECSClient(config);
const arn = (await ecs.send(new CreateClusterCommand({ clusterName: "js", tags: [{ key: "a", value: "b" }] }))).cluster.clusterArn;
assert.equal(arn, "arn:aws:ecs:eu-central-1:000000000000:cluster/js");
assert.deepEqual((await ecs.send(new ListTagsForResourceCommand({ resourceArn: arn }))).tags, [{ key: "a", value: "b" }]);
const made = (await ecs.send(new RegisterTaskDefinitionCommand({
  family: "js", containerDefinitions: [{ name: "a", image: "busybox", memory: 64 }],
}))).taskDefinition;
assert.ok(made.registeredAt instanceof Date);
const seen = (await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: "js" }))).taskDefinition;
assert.equal(seen.taskDefinitionArn, made.taskDefinitionArn);
assert.equal((await ecs.send(new ListAccountSettingsCommand({ effectiveSettings: true, name: "taskLongArnFormat" }))).settings.length, 1);
await assert.rejects(
  ecs.send(new ListAttributesCommand({ cluster: "none", targetType: "container-instance" })),
  { name: "ClusterNotFoundException" });
assert.equal((await ecs.send(new DescribeClustersCommand({ clusters: ["js"] }))).clusters[0].status, "ACTIVE");
assert.equal((await ecs.send(new DeleteClusterCommand({ cluster: "js" }))).cluster.status, "INACTIVE");
console.log("ok");
