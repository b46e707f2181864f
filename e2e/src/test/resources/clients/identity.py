# boto3 over IAM, STS, Secrets Manager, KMS and CloudWatch Logs; ends with "ok" or an AssertionError.
import json
import sys
import threading
import time
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "eu-central-1"


def client(name, key="test", secret="test", token=None, **config):
    return boto3.client(
        name, endpoint_url=sys.argv[1], region_name=REGION, aws_access_key_id=key,
        aws_secret_access_key=secret, aws_session_token=token, config=Config(**config))


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return e.response["Error"]["Message"]
    raise AssertionError(f"{code} was expected")


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


iam = client("iam")
iam.create_group(GroupName="py")
user = iam.create_user(UserName="py", Path="/team/", Tags=[{"Key": "team", "Value": "red"}])["User"]
assert user["Arn"] == "arn:aws:iam::000000000000:user/team/py", user
iam.add_user_to_group(GroupName="py", UserName="py")
managed = iam.create_policy(PolicyName="py", PolicyDocument=policy(
    {"Effect": "Allow", "Action": "ecs:List*", "Resource": "*"}))["Policy"]["Arn"]
iam.attach_group_policy(GroupName="py", PolicyArn=managed)
for n in range(4):
    iam.create_policy_version(PolicyArn=managed, SetAsDefault=n == 3, PolicyDocument=policy(
        {"Effect": "Allow", "Action": f"ecs:Describe{n}", "Resource": "*"}))
refused("LimitExceeded", iam.create_policy_version, PolicyArn=managed, PolicyDocument=policy(
    {"Effect": "Allow", "Action": "*", "Resource": "*"}))
assert iam.get_policy(PolicyArn=managed)["Policy"]["DefaultVersionId"] == "v5"
refused("DeleteConflict", iam.delete_policy, PolicyArn=managed)
key = iam.create_access_key(UserName="py")["AccessKey"]
aws_policies = [p["PolicyName"] for page in iam.get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={"PageSize": 7})
                for p in page["Policies"]]
assert "AmazonECSTaskExecutionRolePolicy" in aws_policies and len(aws_policies) == len(set(aws_policies))

mine = client("ecs", key["AccessKeyId"], key["SecretAccessKey"])
answer = mine.list_clusters()
marked = answer["ResponseMetadata"]["HTTPHeaders"]["x-gantry-would-be-refused"]
assert "user/team/py is not authorized to perform: ecs:ListClusters" in marked, marked
iam.set_default_policy_version(PolicyArn=managed, VersionId="v1")
assert "x-gantry-would-be-refused" not in mine.list_clusters()["ResponseMetadata"]["HTTPHeaders"]
used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
assert used["UserName"] == "py" and used["AccessKeyLastUsed"]["ServiceName"] == "ecs", used

sts = client("sts", key["AccessKeyId"], key["SecretAccessKey"])
session = sts.get_session_token()["Credentials"]
own = client("sts", session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
assert own.get_caller_identity()["Arn"] == user["Arn"]
refused("AccessDenied", own.get_federation_token, Name="x-y")

kms = client("kms")
sign = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
signature = kms.sign(KeyId=sign, Message=b"m", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
assert kms.verify(KeyId=sign, Message=b"m", Signature=signature, SigningAlgorithm="ECDSA_SHA_256")["SignatureValid"]
refused("KMSInvalidSignatureException", kms.verify, KeyId=sign, Message=b"n", Signature=signature, SigningAlgorithm="ECDSA_SHA_256")
data = kms.create_key()["KeyMetadata"]["KeyId"]
both = kms.generate_data_key(KeyId=data, KeySpec="AES_256")
assert kms.decrypt(CiphertextBlob=both["CiphertextBlob"])["Plaintext"] == both["Plaintext"]
kms.disable_key(KeyId=data)
refused("DisabledException", kms.decrypt, CiphertextBlob=both["CiphertextBlob"])

secrets = client("secretsmanager")
arn = secrets.create_secret(Name="py", SecretBinary=b"\x00\x01", Tags=[{"Key": "a", "Value": "b"}])["ARN"]
assert secrets.get_secret_value(SecretId="py")["SecretBinary"] == b"\x00\x01"
pending = secrets.put_secret_value(SecretId="py", SecretString="next", VersionStages=["AWSPENDING"])["VersionId"]
assert secrets.get_secret_value(SecretId="py", VersionStage="AWSPENDING")["SecretString"] == "next"
assert secrets.describe_secret(SecretId=arn)["VersionIdsToStages"][pending] == ["AWSPENDING"]
got = secrets.batch_get_secret_value(SecretIdList=["py", "none"])
assert len(got["SecretValues"]) == 1 and got["Errors"][0]["ErrorCode"] == "ResourceNotFoundException", got
replicas = secrets.replicate_secret_to_regions(SecretId="py", AddReplicaRegions=[{"Region": "us-west-2"}])
assert replicas["ReplicationStatus"][0]["Status"] == "InSync", replicas
west = boto3.client("secretsmanager", endpoint_url=sys.argv[1], region_name="us-west-2", aws_access_key_id="test", aws_secret_access_key="test")
assert west.get_secret_value(SecretId="py")["SecretBinary"] == b"\x00\x01"
refused("InvalidRequestException", west.put_secret_value, SecretId="py", SecretString="no")
refused("InvalidRequestException", secrets.rotate_secret, SecretId="py")

logs = client("logs")
logs.create_log_group(logGroupName="/py")
logs.create_log_stream(logGroupName="/py", logStreamName="s")
now = int(time.time() * 1000)
logs.put_log_events(logGroupName="/py", logStreamName="s", logEvents=[
    {"timestamp": now + n, "message": json.dumps({"level": "warn" if n % 2 else "info", "ms": n})} for n in range(10)])
found = logs.filter_log_events(logGroupName="/py", filterPattern='{ $.level = "warn" && $.ms > 4 }')["events"]
assert [json.loads(e["message"])["ms"] for e in found] == [5, 7, 9], found
query = logs.start_query(logGroupName="/py", startTime=now // 1000 - 60, endTime=now // 1000 + 3600,
                         queryString="filter level = 'warn' | stats count(*) as n, max(ms) as most by level | limit 5")["queryId"]
result = logs.get_query_results(queryId=query)
assert result["status"] == "Complete", result
assert {f["field"]: f["value"] for f in result["results"][0]} == {"level": "warn", "n": "5", "most": "9"}, result
refused("ResourceNotFoundException", logs.put_subscription_filter, logGroupName="/none", filterName="f", filterPattern="",
        destinationArn="arn:aws:lambda:eu-central-1:000000000000:function:f")
refused("InvalidParameterException", logs.put_subscription_filter, logGroupName="/py", filterName="f", filterPattern="",
        destinationArn="arn:aws:lambda:eu-central-1:000000000000:function:f")

# A metric filter is kept, and what it counts stands on the program's own page.
logs.put_metric_filter(logGroupName="/py", filterName="slow", filterPattern="{ $.ms > 100 }", metricTransformations=[
    {"metricName": "slow", "metricNamespace": "py", "metricValue": "$.ms", "dimensions": {"level": "$.level"}}])
assert logs.describe_metric_filters(logGroupName="/py")["metricFilters"][0]["filterName"] == "slow"
logs.put_log_events(logGroupName="/py", logStreamName="s", logEvents=[
    {"timestamp": now + 20 + n, "message": json.dumps({"level": "info", "ms": 50 * n})} for n in range(5)])
page = urllib.request.urlopen(sys.argv[1] + "/metrics").read().decode()
labels = '{account="000000000000",region="eu-central-1",namespace="py",metric="slow",dimensions="level=info"}'
assert f"gantry_log_metric_count{labels} 2\n" in page and f"gantry_log_metric_sum{labels} 350.0\n" in page, page[:3000]

# Live tail: the stream of events while others write.
live = client("logs", inject_host_prefix=False)
tail = live.start_live_tail(logGroupIdentifiers=["arn:aws:logs:eu-central-1:000000000000:log-group:/py"], logEventFilterPattern="warn")
seen, started = [], threading.Event()


def follow():
    for event in tail["responseStream"]:
        if "sessionStart" in event:
            assert event["sessionStart"]["logEventFilterPattern"] == "warn", event
            started.set()
        for line in event.get("sessionUpdate", {}).get("sessionResults", []):
            seen.append((line["logStreamName"], line["message"]))
        if len(seen) >= 2:
            return


reader = threading.Thread(target=follow, daemon=True)
reader.start()
assert started.wait(60), "the session did not start"
now = int(time.time() * 1000)
for message in ["live warn 1", "live info", "live warn 2"]:
    logs.put_log_events(logGroupName="/py", logStreamName="s", logEvents=[{"timestamp": now, "message": message}])
reader.join(60)
tail["responseStream"].close()
assert seen == [("s", "live warn 1"), ("s", "live warn 2")], seen
refused("ResourceNotFoundException", live.start_live_tail, logGroupIdentifiers=["arn:aws:logs:eu-central-1:000000000000:log-group:/none"])
print("ok")
