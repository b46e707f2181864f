# boto3 over STS, SSM Parameter Store and the ECS kinds that need no engine; ends with "ok" or an AssertionError.
import sys
import boto3
from botocore.exceptions import ClientError


def client(name):
    return boto3.client(
        name, endpoint_url=sys.argv[1], region_name="eu-central-1",
        aws_access_key_id="test", aws_secret_access_key="test")


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
    else:
        raise AssertionError(f"{code} was expected")


assert client("sts").get_caller_identity()["Account"] == "000000000000"

ssm = client("ssm")
assert ssm.put_parameter(Name="/py/a", Value="one", Type="String")["Version"] == 1
assert ssm.put_parameter(Name="/py/a", Value="two", Type="String", Overwrite=True)["Version"] == 2
ssm.put_parameter(Name="/py/b", Value="secret", Type="SecureString")
assert ssm.get_parameter(Name="/py/a")["Parameter"]["Value"] == "two"
assert ssm.get_parameter(Name="/py/a:1")["Parameter"]["Value"] == "one"
assert ssm.get_parameter(Name="/py/b")["Parameter"]["Value"] != "secret"
assert ssm.get_parameter(Name="/py/b", WithDecryption=True)["Parameter"]["Value"] == "secret"
pages = ssm.get_paginator("get_parameters_by_path").paginate(
    Path="/py", Recursive=True, PaginationConfig={"PageSize": 1})
assert [p["Name"] for page in pages for p in page["Parameters"]] == ["/py/a", "/py/b"]
refused("ParameterNotFound", ssm.get_parameter, Name="/py/none")
refused("ParameterAlreadyExists", ssm.put_parameter, Name="/py/a", Value="x", Type="String")

ecs = client("ecs")
cluster = ecs.create_cluster(clusterName="py", tags=[{"key": "team", "value": "a"}])["cluster"]
arn = cluster["clusterArn"]
assert arn == "arn:aws:ecs:eu-central-1:000000000000:cluster/py", arn
assert cluster["status"] == "ACTIVE"
assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "team", "value": "a"}]
ecs.tag_resource(resourceArn=arn, tags=[{"key": "n", "value": "1"}])
ecs.untag_resource(resourceArn=arn, tagKeys=["team"])
assert ecs.describe_clusters(clusters=["py"], include=["TAGS"])["clusters"][0]["tags"] == [{"key": "n", "value": "1"}]
assert ecs.describe_clusters(clusters=["none"])["failures"][0]["reason"] == "MISSING"
task = ecs.register_task_definition(
    family="py", networkMode="bridge",
    containerDefinitions=[{"name": "a", "image": "busybox", "memory": 64, "essential": True,
                           "environment": [{"name": "K", "value": "\u00fc"}]}])["taskDefinition"]
assert task["revision"] == 1
assert task["containerDefinitions"][0]["environment"] == [{"name": "K", "value": "\u00fc"}]
assert ecs.list_task_definitions(familyPrefix="py")["taskDefinitionArns"] == [task["taskDefinitionArn"]]
assert ecs.deregister_task_definition(taskDefinition="py:1")["taskDefinition"]["status"] == "INACTIVE"
setting = ecs.put_account_setting(name="containerInsights", value="enabled")["setting"]
assert setting["value"] == "enabled"
settings = ecs.list_account_settings(name="containerInsights", effectiveSettings=True)["settings"]
assert [s["value"] for s in settings] == ["enabled"], settings
refused("ClusterNotFoundException", ecs.list_attributes, cluster="none", targetType="container-instance")
assert ecs.list_attributes(cluster="py", targetType="container-instance")["attributes"] == []
refused("ClientException", ecs.describe_task_definition, taskDefinition="none")
assert ecs.delete_cluster(cluster="py")["cluster"]["status"] == "INACTIVE"
print("ok")
