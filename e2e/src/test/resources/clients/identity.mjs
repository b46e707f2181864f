// SDK for JavaScript v3 over IAM, STS, Secrets Manager, KMS and CloudWatch Logs.
import assert from "node:assert/strict";
import { IAMClient, CreateRoleCommand, PutRolePolicyCommand, GetRolePolicyCommand, paginateListPolicies, DeleteRoleCommand } from "@aws-sdk/client-iam";
import { STSClient, AssumeRoleCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { SecretsManagerClient, CreateSecretCommand, GetSecretValueCommand, DeleteSecretCommand } from "@aws-sdk/client-secrets-manager";
import { KMSClient, CreateKeyCommand, EncryptCommand, DecryptCommand, GenerateMacCommand, VerifyMacCommand } from "@aws-sdk/client-kms";
import {
  CloudWatchLogsClient, CreateLogGroupCommand, CreateLogStreamCommand, PutLogEventsCommand, FilterLogEventsCommand, StartLiveTailCommand,
} from "@aws-sdk/client-cloudwatch-logs";

const config = {
  endpoint: process.argv[2], region: "eu-central-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
};
const iam = new IAMClient(config);
const role = (await iam.send(new CreateRoleCommand({
  RoleName: "js",
  AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: "000000000000" }, Action: "sts:AssumeRole" }] }),
}))).Role;
assert.ok(role.CreateDate instanceof Date);
const document = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "kms:*", Resource: "*" }] });
await iam.send(new PutRolePolicyCommand({ RoleName: "js", PolicyName: "own", PolicyDocument: document }));
const read = await iam.send(new GetRolePolicyCommand({ RoleName: "js", PolicyName: "own" }));
assert.equal(decodeURIComponent(read.PolicyDocument), document);
let policies = 0;
for await (const page of paginateListPolicies({ client: iam, pageSize: 10 }, { Scope: "AWS" })) policies += page.Policies.length;
assert.ok(policies > 40, `${policies} policies`);
await assert.rejects(iam.send(new DeleteRoleCommand({ RoleName: "js" })), { name: "DeleteConflictException" });

const { Credentials: c } = await new STSClient(config).send(new AssumeRoleCommand({ RoleArn: role.Arn, RoleSessionName: "node" }));
assert.ok(c.Expiration > new Date());
const session = { ...config, credentials: { accessKeyId: c.AccessKeyId, secretAccessKey: c.SecretAccessKey, sessionToken: c.SessionToken } };
const me = await new STSClient(session).send(new GetCallerIdentityCommand({}));
assert.equal(me.Arn, "arn:aws:sts::000000000000:assumed-role/js/node");
const wrong = { ...config, credentials: { ...session.credentials, secretAccessKey: "wrong" } };
await assert.rejects(new STSClient(wrong).send(new GetCallerIdentityCommand({})), { name: "SignatureDoesNotMatch" });

const kms = new KMSClient(session);
const key = (await kms.send(new CreateKeyCommand({}))).KeyMetadata.KeyId;
const sealed = await kms.send(new EncryptCommand({ KeyId: key, Plaintext: Buffer.from("hello") }));
const open = await kms.send(new DecryptCommand({ CiphertextBlob: sealed.CiphertextBlob }));
assert.equal(Buffer.from(open.Plaintext).toString(), "hello");
const hmac = (await kms.send(new CreateKeyCommand({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" }))).KeyMetadata.KeyId;
const mac = (await kms.send(new GenerateMacCommand({ KeyId: hmac, MacAlgorithm: "HMAC_SHA_256", Message: Buffer.from("m") }))).Mac;
assert.equal((await kms.send(new VerifyMacCommand({ KeyId: hmac, MacAlgorithm: "HMAC_SHA_256", Message: Buffer.from("m"), Mac: mac }))).MacValid, true);
await assert.rejects(kms.send(new VerifyMacCommand({ KeyId: hmac, MacAlgorithm: "HMAC_SHA_256", Message: Buffer.from("n"), Mac: mac })),
  { name: "KMSInvalidMacException" });

const secrets = new SecretsManagerClient(config);
await secrets.send(new CreateSecretCommand({ Name: "js", SecretString: "s" }));
const value = await secrets.send(new GetSecretValueCommand({ SecretId: "js" }));
assert.equal(value.SecretString, "s");
assert.ok(value.CreatedDate instanceof Date);
await secrets.send(new DeleteSecretCommand({ SecretId: "js", ForceDeleteWithoutRecovery: true }));
await assert.rejects(secrets.send(new GetSecretValueCommand({ SecretId: "js" })), { name: "ResourceNotFoundException" });

const logs = new CloudWatchLogsClient({ ...config, disableHostPrefix: true });
await logs.send(new CreateLogGroupCommand({ logGroupName: "/js" }));
await logs.send(new CreateLogStreamCommand({ logGroupName: "/js", logStreamName: "s" }));
const put = (message) => logs.send(new PutLogEventsCommand({ logGroupName: "/js", logStreamName: "s", logEvents: [{ timestamp: Date.now(), message }] }));
const tail = await logs.send(new StartLiveTailCommand({ logGroupIdentifiers: ["arn:aws:logs:eu-central-1:000000000000:log-group:/js"] }));
const seen = [];
for await (const event of tail.responseStream) {
  if (event.sessionStart) await put("live");
  for (const line of event.sessionUpdate?.sessionResults ?? []) seen.push(line.message);
  if (seen.length) break;
}
assert.deepEqual(seen, ["live"]);
const found = await logs.send(new FilterLogEventsCommand({ logGroupName: "/js", filterPattern: '"live"' }));
assert.deepEqual(found.events.map((e) => e.message), ["live"]);
logs.destroy();
console.log("ok");
