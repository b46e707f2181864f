"""Two services behind one balancer under load, by boto3: "a" deploys by canary while "b" deploys blue/green, is turned
back in its bake time, and deploys again. Each request is answered, and by whom is noted.

usage: colours.py GANTRY WORK_FOLDER PORT (the balancer listens on the two ports above)
"""

import base64
import collections
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import boto3

gantry, work, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
production_port, test_port = port + 1, port + 2
data = os.path.join(work, "data")
image = f"localhost:{port}/colours:v1"
began = time.monotonic()


def say(*words):
    print(f"== {time.monotonic() - began:5.1f}s", *words, flush=True)


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise SystemExit(f"FAILED: {command}: {done.stdout}{done.stderr}")
    return done.stdout


def until(what, seconds, holds):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"FAILED: not in time: {what}")
        time.sleep(0.1)


def client(name):
    return boto3.client(
        name,
        endpoint_url=f"http://localhost:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


class Load(threading.Thread):
    """Asks one listener for one service, fifty times a second on one connection, and notes every answer."""

    def __init__(self, host, service, listener):
        super().__init__(daemon=True)
        self.host, self.service, self.listener = host, service, listener
        self.answers = collections.deque()
        self.failures = []
        self.ending = False

    def run(self):
        connection = None
        while not self.ending:
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.listener, timeout=30)
                connection.request("GET", f"/{self.service}/", headers={"Host": f"{self.host}:{self.listener}"})
                answer = connection.getresponse()
                body = answer.read().decode().strip()
                if answer.status == 200:
                    self.answers.append((time.monotonic(), body))
                else:
                    self.failures.append((round(time.monotonic() - began, 1), answer.status, body))
            except (OSError, http.client.HTTPException) as failure:
                self.failures.append((round(time.monotonic() - began, 1), repr(failure)))
                connection = None
            time.sleep(0.02)

    def newest(self, count):
        """What the next answers are."""
        start = len(self.answers)
        until(f"{count} answers of {self.service}", 60, lambda: len(self.answers) >= start + count + 2)
        return collections.Counter(body for _, body in list(self.answers)[start + 2 : start + 2 + count])

    def first(self, body):
        return next((at for at, said in list(self.answers) if said == body), None)


def make_image():
    folder = os.path.join(work, "image")
    os.makedirs(folder)
    shutil.copy(shutil.which("busybox"), os.path.join(folder, "busybox"))
    with open(os.path.join(folder, "Dockerfile"), "w") as file:
        file.write('FROM scratch\nCOPY busybox /bin/busybox\nENTRYPOINT ["/bin/busybox", "sh", "-c"]\n')
    ecr = client("ecr")
    ecr.create_repository(repositoryName="colours")
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    docker = os.path.join(work, "docker")
    os.makedirs(docker)
    with open(os.path.join(docker, "config.json"), "w") as file:
        json.dump({"auths": {f"localhost:{port}": {"auth": token}}}, file)
    assert base64.b64decode(token).startswith(b"AWS:")
    run("docker", "build", "-q", "-t", image, folder)
    run("docker", "--config", docker, "push", "-q", image)


def main():
    # Whoever ends this test wants what it made to be removed as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("FAILED: ended from outside"))
    run(gantry, "up", "--detach", "--port", str(port), "--data", data)
    try:
        say("the program answers")
        make_image()
        deploy()
    finally:
        with open(os.path.join(data, "install")) as file:
            install = file.read().strip()
        run(gantry, "down", "--data", data, "--purge", check=False)
        run("docker", "image", "rm", "-f", image, check=False)
    left = run("docker", "ps", "-aq", "--filter", f"label=gantry.install={install}")
    if left:
        raise SystemExit("FAILED: containers are left")
    say("nothing is left")


def deploy():
    ec2, ecs, elb, iam = client("ec2"), client("ecs"), client("elbv2"), client("iam")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]]
    group = ec2.create_security_group(GroupName="colours", Description="colours", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=1, ToPort=65535, CidrIp="0.0.0.0/0"
    )
    balancer = elb.create_load_balancer(Name="colours", Subnets=subnets, SecurityGroups=[group])["LoadBalancers"][0]
    host = balancer["DNSName"].replace("elb.amazonaws.com", "elb.localhost")
    listeners = [
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=each,
            DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
        )["Listeners"][0]["ListenerArn"]
        for each in (production_port, test_port)
    ]
    trust = {"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="colours", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    allow = {"Effect": "Allow", "Action": "elasticloadbalancing:*", "Resource": "*"}
    iam.put_role_policy(
        RoleName="colours",
        PolicyName="balancers",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    ecs.create_cluster(clusterName="colours")

    def target_group(name, service):
        made = elb.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=80,
            VpcId=vpc,
            TargetType="ip",
            HealthCheckPath=f"/{service}/",
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=4,
            HealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        elb.modify_target_group_attributes(
            TargetGroupArn=made, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "3"}]
        )
        return made

    def service(name, priority, configuration):
        blue, green = target_group(f"{name}-blue", name), target_group(f"{name}-green", name)
        rules = [
            elb.create_rule(
                ListenerArn=listener,
                Priority=priority,
                Conditions=[{"Field": "path-pattern", "Values": [f"/{name}/*"]}],
                Actions=[{"Type": "forward", "TargetGroupArn": blue}],
            )["Rules"][0]["RuleArn"]
            for listener in listeners
        ]
        for version in ("v1", "v2"):
            start = f"b=/bin/busybox; $b mkdir -p /www/{name}; echo {version} >/www/{name}/index.html; "
            ecs.register_task_definition(
                family=name,
                networkMode="awsvpc",
                requiresCompatibilities=["FARGATE"],
                cpu="256",
                memory="512",
                containerDefinitions=[
                    {
                        "name": "web",
                        "image": image,
                        "portMappings": [{"containerPort": 80}],
                        "stopTimeout": 2,
                        "command": [start + "exec $b httpd -f -p 80 -h /www"],
                    }
                ],
            )
        ecs.create_service(
            cluster="colours",
            serviceName=name,
            taskDefinition=f"{name}:1",
            desiredCount=2,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {
                    "subnets": subnets, "securityGroups": [group], "assignPublicIp": "ENABLED"
                }},
            deploymentConfiguration=configuration,
            loadBalancers=[
                {
                    "targetGroupArn": blue,
                    "containerName": "web",
                    "containerPort": 80,
                    "advancedConfiguration": {
                        "alternateTargetGroupArn": green,
                        "productionListenerRule": rules[0],
                        "testListenerRule": rules[1],
                        "roleArn": role,
                    },
                }
            ],
        )

    def update(name, **more):
        ecs.update_service(cluster="colours", service=name, taskDefinition=f"{name}:2", **more)

    def described(name):
        newest = ecs.list_service_deployments(cluster="colours", service=name)["serviceDeployments"][0]
        arn = newest["serviceDeploymentArn"]
        return ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]

    def status(name, wanted):
        return lambda: described(name)["status"] == wanted

    def stage(name, wanted):
        return lambda: described(name)["lifecycleStage"] == wanted

    service(
        "a",
        1,
        {
            "strategy": "CANARY",
            "canaryConfiguration": {"canaryPercent": 20.0, "canaryBakeTimeInMinutes": 1},
            "bakeTimeInMinutes": 0,
        },
    )
    service("b", 2, {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 30})
    for each in "ab":
        until(f"{each} runs", 120, status(each, "SUCCESSFUL"))
    loads = {
        (name, kind): Load(host, name, listener)
        for name in "ab"
        for kind, listener in (("production", production_port), ("test", test_port))
    }
    for load in loads.values():
        load.start()
    for load in loads.values():
        assert load.newest(20) == {"v1": 20}, load.service
    say("two services answer v1, on the production and on the test listener")

    update("a")
    update("b")
    until("a's canary", 120, stage("a", "PRODUCTION_TRAFFIC_SHIFT"))
    until("a's canary has traffic", 30, lambda: loads["a", "production"].first("v2"))
    why = run(gantry, "why", "a", "--data", data)
    assert "PRODUCTION_TRAFFIC_SHIFT with 20 % of production and 100 % of test traffic" in why, why
    canary = loads["a", "production"].newest(200)
    assert 15 <= canary["v2"] <= 70 and canary["v1"] + canary["v2"] == 200, canary
    assert loads["a", "test"].newest(20) == {"v2": 20}
    say(f"a's canary: of 200 production requests {canary['v2']} were v2's, on the test listener all")

    until("b bakes", 120, stage("b", "BAKE_TIME"))
    for kind in ("production", "test"):
        assert loads["b", kind].newest(20) == {"v2": 20}, kind
    baking = described("b")
    blue, green = baking["sourceServiceRevisions"][0], baking["targetServiceRevision"]
    assert (blue["requestedProductionTrafficWeight"], blue["runningTaskCount"]) == (0.0, 2), blue
    assert (green["requestedProductionTrafficWeight"], green["runningTaskCount"]) == (100.0, 2), green
    say("b bakes: all traffic is v2's, both tasks of v1 still run")
    turned = time.monotonic()
    ecs.stop_service_deployment(serviceDeploymentArn=baking["serviceDeploymentArn"], stopType="ROLLBACK")
    until("b is back", 60, lambda: loads["b", "production"].newest(1) == {"v1": 1})
    say(f"b is back at v1, {time.monotonic() - turned:.1f}s after it was stopped")
    until("b is rolled back", 120, status("b", "ROLLBACK_SUCCESSFUL"))
    for kind in ("production", "test"):
        assert loads["b", kind].newest(20) == {"v1": 20}, kind
    update("b", deploymentConfiguration={"bakeTimeInMinutes": 0})
    until("b deployed", 120, status("b", "SUCCESSFUL"))
    assert loads["b", "production"].newest(20) == {"v2": 20}
    say("b deployed v2")
    until("a deployed", 120, status("a", "SUCCESSFUL"))
    assert loads["a", "production"].newest(20) == {"v2": 20}
    say("a deployed v2")
    for (name, kind), load in loads.items():
        load.ending = True
        load.join()
        assert not load.failures, (name, kind, load.failures[:5])
    for name in "ab":
        ahead = loads[name, "production"].first("v2") - loads[name, "test"].first("v2")
        assert ahead > -0.05, (name, ahead)
        say(f"{name}: green answered on the test listener {ahead * 1000:.0f} ms before it did in production")
    say(f"{sum(len(load.answers) for load in loads.values())} requests, none failed")


main()
