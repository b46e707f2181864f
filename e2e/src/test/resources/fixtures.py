"""Task definitions as people write them, against the program: each is registered by boto3 or as raw JSON and comes back as its
README says; then all are run. What this machine could carry runs with its images swapped for one of busybox; what it could
not is refused, and the reason names why.

usage: fixtures.py GANTRY WORK_FOLDER PORT FOLDER_OF_DEFINITIONS docker|simulated
"""

import copy
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
from botocore.exceptions import ClientError, ParamValidationError

GANTRY, WORK, PORT, FOLDER, ENGINE = sys.argv[1:]
SHARED_VOLUMES = []
DATA = os.path.join(WORK, "data")
HOST = os.path.join(WORK, "host")
IMAGE = "gantry-fixtures:1"
URL = f"http://localhost:{PORT}"
KEY = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
began = time.monotonic()

# Which of them a machine like this one does not carry, and what says so. The first answers come from placement.
PLACEMENT = {
    "12-ec2-gpu-ebs": "MemberOf placement constraint unsatisfied",
    "15-fargate-windows": "ATTRIBUTE",
    "16-fargate-arm64-worker": "ATTRIBUTE",
}
NODE = {
    # The container that is the router, or one that logs to it: whichever comes first.
    "06-fargate-firelens": "is not supported on this node",
    "08-fargate-efs": "there is no EFS here",
    "18-fargate-service-connect-otel": "fault injection (enableFaultInjection) is not supported on this node",
    "20-fargate-proxy-envoy": "proxyConfiguration (App Mesh) is not supported on this node",
    "24-github-actions-new-console": "environmentFiles need Amazon S3",
}


def say(*words):
    print(f"== {time.monotonic() - began:5.1f}s", *words, flush=True)


def check(holds, *what):
    if not holds:
        raise SystemExit(f"FAILED: {what}")


def run(*command, must=True):
    done = subprocess.run(command, capture_output=True, text=True)
    check(done.returncode == 0 or not must, command, done.stdout, done.stderr)
    return done.stdout


def client(name):
    return boto3.client(name, endpoint_url=URL, region_name="us-east-1", **KEY)


def raw(operation, body):
    """A request as it stands, past every client's own checks: the status and the answer."""
    request = botocore.awsrequest.AWSRequest(
        "POST",
        URL + "/",
        data=json.dumps(body),
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AmazonEC2ContainerServiceV20141113." + operation,
        },
    )
    botocore.auth.SigV4Auth(botocore.credentials.Credentials("test", "test"), "ecs", "us-east-1").add_auth(request)
    sent = urllib.request.Request(URL + "/", request.data.encode(), dict(request.headers), method="POST")
    try:
        with urllib.request.urlopen(sent) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


FIXTURES = {}
for file in sorted(os.listdir(FOLDER)):
    with open(os.path.join(FOLDER, file), encoding="utf-8") as text:
        FIXTURES[file.removesuffix(".json")] = json.load(text)
check(len(FIXTURES) == 24, FIXTURES.keys())

OUTPUT_ONLY = {
    "compatibilities", "taskDefinitionArn", "requiresAttributes", "revision", "status", "registeredAt", "deregisteredAt",
    "registeredBy",
}  # fmt: skip


def cleaned(value):
    """What the deploy action of GitHub leaves: no output-only members, nothing empty, but an empty variable."""

    def without_empty(value):
        if isinstance(value, dict):
            kept = {name: without_empty(each) for name, each in value.items()}
            kept = {name: each for name, each in kept.items() if each not in (None, "", [], {})}
            if set(value) == {"name", "value"} and "value" not in kept:
                kept["value"] = ""
            return kept
        if isinstance(value, list):
            return [each for each in map(without_empty, value) if each not in (None, "", [], {})]
        return value

    return without_empty({name: each for name, each in value.items() if name not in OUTPUT_ONLY})


def registered(ecs):
    complaints = {"23-github-actions-first-console": 36, "24-github-actions-new-console": 7}
    for name, definition in FIXTURES.items():
        if name in complaints:
            try:
                ecs.register_task_definition(**definition)
                check(False, name, "the client takes it")
            except ParamValidationError as refused:
                count = len(str(refused).splitlines()) - 1
                check(count == complaints[name], name, count, refused)
            status, answer = raw("RegisterTaskDefinition", definition)
            check(status == 200, name, answer)
            back = ecs.register_task_definition(**cleaned(definition))["taskDefinition"]
        else:
            back = ecs.register_task_definition(**definition)["taskDefinition"]
        for sent, kept in zip(definition["containerDefinitions"], back["containerDefinitions"], strict=True):
            for member in ("environment", "secrets", "image", "logConfiguration", "command", "dependsOn", "links"):
                if sent.get(member) and name not in complaints:
                    check(sent[member] == kept[member], name, member, sent[member], kept[member])
    described = lambda family: ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
    check(described("cart")["cpu"] == "1024" and described("cart")["memory"] == "2048")
    check(described("shop-api")["cpu"] == "256" and described("shop-api")["memory"] == "512")
    minimal = FIXTURES["01-fargate-minimal"]["family"]
    check(described(minimal)["containerDefinitions"][0]["portMappings"][0]["hostPort"] == 80)
    check(described("legacy-catalog")["compatibilities"] == ["EXTERNAL", "EC2"])
    check("enableFaultInjection" not in described("legacy-catalog"))
    string_port = copy.deepcopy(FIXTURES["02-fargate-web-awslogs"])
    string_port["containerDefinitions"][0]["portMappings"][0]["containerPort"] = "8080"
    status, answer = raw("RegisterTaskDefinition", string_port)
    check(status == 400 and answer["__type"].endswith("SerializationException"), status, answer)
    check("STRING_VALUE cannot be converted to Integer" in str(answer), answer)
    status, answer = raw("RegisterTaskDefinition", {"taskDefinition": FIXTURES["24-github-actions-new-console"], "tags": []})
    check(status == 400 and answer["__type"].endswith("ClientException"), status, answer)
    say("24 definitions registered, and they come back as they should")


# ---- running


def make_image():
    """Busybox, and the programs that the definitions' commands and checks call."""
    folder = os.path.join(WORK, "image")
    os.makedirs(folder)
    shutil.copy(shutil.which("busybox"), os.path.join(folder, "busybox"))
    web = ["actuator/health", "healthz", "index.html"]
    files = {
        "run": """#!/bin/sh
case "$1" in sh) exec "$@" ;; ./manage) echo "migrated"; exit 0 ;; esac
for port in 80 3000 8000 8080; do busybox httpd -p $port -h /www 2>/dev/null; done
echo "runs: $*"
trap 'exit 0' TERM
while :; do busybox sleep 3600 & wait $!; done
""",
        "curl": '#!/bin/sh\nfor last; do :; done\nexec busybox wget -q -O - "$last"\n',
        "true": "#!/bin/sh\nexit 0\n",
    }
    for name, text in files.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    links = " ".join(f"/bin/{each}" for each in ("sh", "wget", "cp", "ls", "cat", "env"))
    with open(os.path.join(folder, "Dockerfile"), "w") as file:
        file.write(
            "FROM scratch\nCOPY --chmod=755 busybox /bin/busybox\nCOPY run curl true /bin/\n"
            f'RUN ["/bin/busybox", "sh", "-c", "b=/bin/busybox; $b chmod 755 /bin/run /bin/curl /bin/true; '
            f'for each in {links}; do $b ln -s busybox $each; done; $b mkdir -p /www/actuator /app /defaults /tmp; '
            f'for each in {" ".join(web)}; do echo yes >/www/$each; done; '
            'for each in /app/ledger /bin/agent /bin/pg_isready; do $b cp /bin/true $each; done"]\n'
            'ENV PATH=/bin\nENTRYPOINT ["/bin/run"]\n'.replace("--chmod=755 ", "")
        )
    run("docker", "build", "-q", "-t", IMAGE, folder)


def privileged():
    """Whether this machine may start such containers and raise limits: one that is a container itself may not."""
    probe = ["docker", "run", "--rm", "--privileged", "--entrypoint", "/bin/true", IMAGE]
    return ENGINE == "simulated" or subprocess.run(probe, capture_output=True).returncode == 0


def swapped(definition, secrets):
    """The same for this machine: its image, the secrets that it has, folders of this test."""
    swap = copy.deepcopy(cleaned(definition))
    for container in swap["containerDefinitions"]:
        container["image"] = IMAGE
        for member in ("privileged", "ulimits"):
            if container.get(member) and not privileged():
                say(f"{container['name']} runs without {member}, which this machine cannot give")
                del container[member]
        container.pop("entryPoint", None)
        for each in container.get("secrets", []):
            each["valueFrom"] = secrets(each["valueFrom"])
        for mapping in container.get("portMappings", []):
            if swap.get("networkMode", "bridge") == "bridge" and mapping.get("hostPort") and taken(mapping["hostPort"]):
                say(f"{container['name']}: port {mapping['hostPort']} of this machine is taken")
                mapping["hostPort"] = 0
        credentials = container.get("repositoryCredentials")
        if credentials:
            credentials["credentialsParameter"] = secrets(credentials["credentialsParameter"])
        for device in container.get("linuxParameters", {}).get("devices", []):
            if not os.path.exists(device["hostPath"]):
                # Without a path of its own it would be mounted where a container has one already.
                device.update(hostPath="/dev/null", containerPath=device["hostPath"])
        if container.get("logConfiguration", {}).get("logDriver") == "journald":
            container["logConfiguration"] = {"logDriver": "json-file"}
    for volume in swap.get("volumes", []):
        host = volume.get("host", {})
        if host.get("sourcePath") and not os.path.exists(host["sourcePath"]):
            host["sourcePath"] = folder(host["sourcePath"])
        options = volume.get("dockerVolumeConfiguration", {}).get("driverOpts", {})
        if "device" in options:
            options["device"] = folder(options["device"])
        if volume.get("dockerVolumeConfiguration", {}).get("scope") == "shared":
            own_volume(swap, volume)
    return swap


def own_volume(swap, volume):
    """A shared volume outlives its tasks and the program, so this run has one of its own, and removes it."""
    name = f"{volume['name']}-{PORT}"
    for container in swap["containerDefinitions"]:
        for mount in container.get("mountPoints", []):
            if mount.get("sourceVolume") == volume["name"]:
                mount["sourceVolume"] = name
    volume["name"] = name
    SHARED_VOLUMES.append(name)


def taken(port):
    with socket.socket() as probe:
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return True
    return False


def folder(path):
    made = HOST + path
    os.makedirs(made, exist_ok=True)
    return made


class Secrets:
    """Makes what definitions name. Secrets Manager chooses the end of an ARN, so a name that is given with one gets another."""

    VERSION = "9d4cb84b-ad69-40c0-a0ab-cead36b967e8"

    def __init__(self):
        self.ssm, self.manager, self.made, self.values = client("ssm"), client("secretsmanager"), {}, {}

    def __call__(self, source):
        if ":secretsmanager:" not in source:
            if "/" in source and not source.startswith(("/", "arn:")):
                source = "/" + source  # it can be registered, and no parameter can have such a name
            name = source.split(":parameter", 1)[1] if source.startswith("arn:") else source
            if name.count("/") == 1 and source.startswith("arn:"):
                name = name[1:]  # the ARN of a plain name has a slash before it all the same
            if name not in self.values:
                self.values[name] = "value of " + name
                self.ssm.put_parameter(Name=name, Value=self.values[name], Type="SecureString")
            return source
        arn, rest = source.split(":secret:")
        name, *more = rest.split(":")
        plain = re.sub("-[A-Za-z0-9]{6}$", "", name).replace("!", "-")
        if plain not in self.made:
            keys = {key: f"{key} of {plain}" for key in ["username", "password", *self.keys(plain)]}
            self.made[plain] = self.manager.create_secret(
                Name=plain, SecretString=json.dumps(keys), ClientRequestToken=self.VERSION
            )["ARN"]
            self.manager.put_secret_value(SecretId=plain, SecretString=json.dumps(keys | {"password": "newer"}))
        whole = self.made[plain] if name != plain or "!" in rest else f"{arn}:secret:{plain}"
        return ":".join([whole, *more])

    @staticmethod
    def keys(name):
        return set(re.findall(re.escape(name) + r"-[A-Za-z0-9]{6}:([A-Z_]+):", json.dumps(FIXTURES)))


def prepare():
    iam, logs = client("iam"), client("logs")
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    text = json.dumps(FIXTURES)
    for role in sorted(set(re.findall(r":role/([A-Za-z0-9-]+)", text)) | {"ecsTaskExecutionRole"}):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
        iam.put_role_policy(
            RoleName=role, PolicyName="all", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        )
    for group in sorted(set(re.findall(r'"awslogs-group": "([^"]+)"', text))):
        logs.create_log_group(logGroupName=group)


def everything_runs(ecs):
    ec2 = client("ec2")
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]]
    ecs.create_cluster()
    end = time.monotonic() + 90
    while not ecs.list_container_instances()["containerInstanceArns"]:
        check(time.monotonic() < end, "the machine has not joined the cluster")
        time.sleep(0.1)
    instance = ecs.list_container_instances()["containerInstanceArns"][0]
    ecs.put_attributes(
        attributes=[{"name": "storage", "value": "ssd", "targetId": instance, "targetType": "container-instance"}]
    )
    secrets = Secrets()
    fargate = [name for name in FIXTURES if "-ec2-" not in name and "-external-" not in name]
    others = [name for name in FIXTURES if name not in fargate]
    # On Fargate some at once, as memory lets; on the instance one by one, for its processors are promised once.
    waves = [fargate[at : at + 5] for at in range(0, len(fargate), 5)]
    for names in [*waves, *[[name] for name in others]]:
        tasks = {}
        for name in names:
            task = started(ecs, name, secrets, subnets)
            if task:
                tasks[name] = task
        for name, task in tasks.items():
            came_up(ecs, name, task, secrets)
        for task in tasks.values():
            ecs.stop_task(task=task)
        for name, task in tasks.items():
            awaited(ecs, name, task, {"STOPPED"})
        say(f"ran and stopped: {', '.join(tasks) or f'nothing of {names}'}")


def started(ecs, name, secrets, subnets):
    definition = ecs.register_task_definition(**swapped(FIXTURES[name], secrets))["taskDefinition"]
    how = {"launchType": "EC2"}
    if "FARGATE" in FIXTURES[name].get("requiresCompatibilities", []):
        how["launchType"] = "FARGATE"
    if definition.get("networkMode") == "awsvpc":
        how["networkConfiguration"] = {"awsvpcConfiguration": {"subnets": subnets}}
    try:
        answer = ecs.run_task(taskDefinition=definition["taskDefinitionArn"], **how)
    except ClientError as refused:
        answer = {"tasks": [], "failures": [{"reason": str(refused)}]}
    if name in PLACEMENT:
        why = answer["failures"][0]
        why = why["reason"] + " " + why.get("detail", "")
        check(not answer["tasks"] and PLACEMENT[name] in why, name, answer["failures"])
        say(f"{name} finds no place: {why}")
        return None
    check(answer["tasks"], name, answer["failures"])
    return answer["tasks"][0]["taskArn"]


def awaited(ecs, name, arn, wanted):
    end = time.monotonic() + 180
    while True:
        task = ecs.describe_tasks(tasks=[arn])["tasks"][0]
        if task["lastStatus"] in wanted:
            return task
        check(time.monotonic() < end, name, task["lastStatus"], task["containers"])
        time.sleep(0.2)


def came_up(ecs, name, arn, secrets):
    if ENGINE == "simulated" and name == "13-fargate-depends-on":
        return  # its first container has to end, and none ends by itself where nothing runs
    task = awaited(ecs, name, arn, {"RUNNING", "STOPPED"})
    if ENGINE == "docker" and name in NODE:
        check(task["lastStatus"] == "STOPPED" and NODE[name] in task["stoppedReason"], name, task)
        say(f"{name} is refused by the node: {task['stoppedReason'][:160]}")
        return
    check(task["lastStatus"] == "RUNNING", name, task.get("stoppedReason"), task["containers"])
    if ENGINE == "docker":
        inside(name, task, secrets)
    if name == "09-ec2-bridge-dynamic-port":
        ports = {each["containerPort"]: each["hostPort"] for each in task["containers"][0]["networkBindings"]}
        check(set(ports) == {3000, 9464} and all(32768 <= port <= 60999 for port in ports.values()), ports)
    if ENGINE == "docker" and name == "13-fargate-depends-on":
        ended = {each["name"]: each.get("exitCode") for each in task["containers"]}
        check(ended["fetch-config"] is not None and ended["migrate"] == 0, ended)


def inside(name, task, secrets):
    """Every container that has started has the variables that it was to have, byte for byte."""
    definition = FIXTURES[name]
    for container in definition["containerDefinitions"]:
        seen = next(each for each in task["containers"] if each["name"] == container["name"])
        has = dict(
            each.split("=", 1)
            for each in json.loads(run("docker", "inspect", "--format", "{{json .Config.Env}}", seen["runtimeId"]))
        )
        for each in cleaned(container).get("environment", []):
            check(has.get(each["name"]) == each["value"], name, each, has.get(each["name"]))
        for each in container.get("secrets", []):
            check(has.get(each["name"]), name, each["name"], "is empty")
        if name == "03-fargate-secrets-all-forms":
            check(has["BY_PARAMETER_NAME"] == "value of billing.SMTP_PASSWORD", has)
            check(has["BY_SECRET_JSON_KEY"] == "newer", has)
            check(has["BY_SECRET_KEY_AND_STAGE"] == "password of billing/database", has)
            check(has["BY_SECRET_KEY_AND_VERSION"] == "username of billing/database", has)


def main():
    # Whoever ends this test wants what it made to be removed as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("FAILED: ended from outside"))
    run(GANTRY, "up", "--detach", "--port", PORT, "--data", DATA, "--account", "123456789012", "--engine", ENGINE)
    try:
        if ENGINE == "docker":
            make_image()
        ecs = client("ecs")
        registered(ecs)
        prepare()
        everything_runs(ecs)
    finally:
        with open(os.path.join(DATA, "install")) as file:
            install = file.read().strip()
        run(GANTRY, "down", "--data", DATA, "--purge", must=False)
        if ENGINE == "docker":
            run("docker", "image", "rm", "-f", IMAGE, must=False)
            for name in SHARED_VOLUMES:
                run("docker", "volume", "rm", name, must=False)
    if ENGINE == "docker":
        left = run("docker", "ps", "-aq", "--filter", f"label=gantry.install={install}")
        check(not left, "containers are left", left)
    say("nothing is left")


main()
