#!/usr/bin/env bash
# The thin thread: push an image, a service of two tasks behind the balancer, found by name, updated under load; all by the aws CLI.
# usage: thread.sh GANTRY_SCRIPT WORK_FOLDER PORT
set -euo pipefail
gantry=$1 work=$2 port=$3
lb_port=$((port + 1))
data=$work/data
. "$(dirname "${BASH_SOURCE[0]}")/script.sh"
mkdir -p "$work/image"
cd "$work"

clean() {
  "$gantry" down --data "$data" --purge >down.out 2>&1 || cat down.out
  docker image rm -f "localhost:$port/thread:v1" "localhost:$port/thread:v2" >/dev/null 2>&1 || true
}
trap clean EXIT

"$gantry" up --detach --port "$port" --data "$data" >up.out 2>&1 || { cat up.out; fail "up"; }
say "the program answers"

cp "$(command -v busybox)" image/busybox
cat >image/Dockerfile <<'DOCKER'
FROM scratch
COPY busybox /bin/busybox
COPY index.html /www/index.html
STOPSIGNAL SIGTERM
ENTRYPOINT ["/bin/busybox"]
CMD ["httpd", "-f", "-p", "80", "-h", "/www"]
DOCKER
aws_ ecr create-repository --repository-name thread >/dev/null
aws_ ecr get-login-password | docker --config "$work/docker" login -u AWS --password-stdin "localhost:$port" >/dev/null 2>&1 || fail "docker login"
for version in v1 v2; do
  echo "$version" >image/index.html
  docker build -q -t "localhost:$port/thread:$version" image >/dev/null 2>&1 || fail "docker build"
  docker --config "$work/docker" push -q "localhost:$port/thread:$version" >/dev/null || fail "docker push"
done
[ "$(aws_ ecr describe-images --repository-name thread --query 'length(imageDetails)')" = 2 ] || fail "two images"
say "two images pushed"

vpc=$(aws_ ec2 describe-vpcs --query 'Vpcs[0].VpcId')
subnets=$(aws_ ec2 describe-subnets --query 'Subnets[].SubnetId')
group=$(aws_ ec2 create-security-group --group-name thread --description thread --vpc-id "$vpc" --query GroupId)
aws_ ec2 authorize-security-group-ingress --group-id "$group" --protocol tcp --port 1-65535 --cidr 0.0.0.0/0 >/dev/null
# shellcheck disable=SC2086
lb=$(aws_ elbv2 create-load-balancer --name thread --subnets $subnets --security-groups "$group" --query 'LoadBalancers[0].LoadBalancerArn')
tg=$(aws_ elbv2 create-target-group --name thread --protocol HTTP --port 80 --vpc-id "$vpc" --target-type ip \
  --health-check-interval-seconds 5 --health-check-timeout-seconds 2 --healthy-threshold-count 2 --query 'TargetGroups[0].TargetGroupArn')
aws_ elbv2 modify-target-group-attributes --target-group-arn "$tg" --attributes Key=deregistration_delay.timeout_seconds,Value=5 >/dev/null
aws_ elbv2 create-listener --load-balancer-arn "$lb" --protocol HTTP --port "$lb_port" --default-actions "Type=forward,TargetGroupArn=$tg" >/dev/null
aws_ servicediscovery create-private-dns-namespace --name local --vpc "$vpc" >/dev/null
namespaced() { [ "$(aws_ servicediscovery list-operations --filters Name=STATUS,Values=SUCCESS --query 'length(Operations)')" -ge 1 ]; }
until_true 60 "the namespace" namespaced
namespace=$(aws_ servicediscovery list-namespaces --query 'Namespaces[0].Id')
registry=$(aws_ servicediscovery create-service --name thread --namespace-id "$namespace" --dns-config 'DnsRecords=[{Type=A,TTL=5}]' --query Service.Arn)

aws_ ecs create-cluster --cluster-name thread >/dev/null
network="awsvpcConfiguration={subnets=[$(echo $subnets | tr ' ' ',')],securityGroups=[$group],assignPublicIp=ENABLED}"
definition() { # family, image, command as a JSON list or nothing
  local command=
  [ $# -lt 3 ] || command=",\"command\":$3"
  cat <<JSON
{"family":"$1","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512",
 "containerDefinitions":[{"name":"web","image":"localhost:$port/thread:$2","essential":true,"portMappings":[{"containerPort":80}]$command}]}
JSON
}
definition web v1 >web1.json
definition web v2 >web2.json
definition probe v1 '["sh","-c","for _ in $(seq 30); do found=$(nslookup thread.local); echo \"$found\"; n=$(echo \"$found\" | grep -c \"^Address: 172\"); [ $n = 2 ] && exit 0; sleep 1; done; exit 1"]' >probe.json
for file in web1 web2 probe; do aws_ ecs register-task-definition --cli-input-json "file://$file.json" >/dev/null || fail "$file"; done
aws_ ecs create-service --cluster thread --service-name web --task-definition web:1 --desired-count 2 --launch-type FARGATE \
  --network-configuration "$network" --load-balancers "targetGroupArn=$tg,containerName=web,containerPort=80" \
  --service-registries "registryArn=$registry" >/dev/null
stable() { [ "$(aws_ ecs describe-services --cluster thread --services web --query 'services[0].[runningCount,length(deployments),deployments[0].rolloutState]' | tr '\t' ' ')" = "2 1 COMPLETED" ]; }
until_true 120 "two tasks behind the balancer" stable
host="$(aws_ elbv2 describe-load-balancers --query 'LoadBalancers[0].DNSName' | sed 's/elb.amazonaws.com/elb.localhost/')"
answers() { [ "$(curl -s -m 30 -H "Host: $host:$lb_port" "http://127.0.0.1:$lb_port/")" = "$1" ]; }
until_true 60 "the balancer answers v1" answers v1
say "a service of two tasks answers behind the balancer"

task=$(aws_ ecs run-task --cluster thread --task-definition probe --launch-type FARGATE --network-configuration "$network" --query 'tasks[0].taskArn')
stopped() { [ "$(aws_ ecs describe-tasks --cluster thread --tasks "$task" --query 'tasks[0].lastStatus')" = STOPPED ]; }
until_true 120 "the probe" stopped
[ "$(aws_ ecs describe-tasks --cluster thread --tasks "$task" --query 'tasks[0].containers[0].exitCode')" = 0 ] ||
  fail "found by name: $(aws_ ecs describe-tasks --cluster thread --tasks "$task" --query 'tasks[0].containers[0].reason')"
say "both tasks are found by name from inside a task"

# The load writes down how it ended: bash forgets a child's status when a later one gets its number, and this script starts enough of them for that.
{
  status=0
  wrk -t1 -c4 -d20s --timeout 30s -H "Host: $host:$lb_port" "http://127.0.0.1:$lb_port/" >wrk.out || status=$?
  echo $status >wrk.status
} &
aws_ ecs update-service --cluster thread --service web --task-definition web:2 >/dev/null
updated() { stable && [ "$(aws_ ecs describe-services --cluster thread --services web --query 'services[0].deployments[0].taskDefinition')" != "${1:-}" ] && answers v2; }
until_true 120 "the update" updated
ended() { [ -s wrk.status ]; }
until_true 60 "the end of the load" ended
[ "$(cat wrk.status)" = 0 ] || { cat wrk.out; fail "the load ended with $(cat wrk.status)"; }
grep -q 'requests in' wrk.out || { cat wrk.out; fail "the load did not run to its end"; }
grep -qE 'Non-2xx|Socket errors' wrk.out && { cat wrk.out; fail "requests failed during the update"; }
say "updated under load: $(awk '/requests in/ {print $1}' wrk.out) requests, none failed"

# The program is killed; the next one takes over the tasks, and no check finds one of them ill meanwhile.
tasks() { aws_ ecs list-tasks --cluster thread --service-name web --query 'sort(taskArns)'; }
before=$(tasks)
program=$("$gantry" status --data "$data" | sed -n 's/.*(process \([0-9]*\)).*/\1/p')
kill -9 "$program"
gone() { ! kill -0 "$program"; }
until_true 60 "the killed program is gone" gone
"$gantry" up --detach --port "$port" --data "$data" >up.out 2>&1 || { cat up.out; fail "up again"; }
until_true 60 "the balancer answers again" answers v2
for _ in $(seq 6); do # longer than two checks
  health=$(aws_ elbv2 describe-target-health --target-group-arn "$tg" --query 'TargetHealthDescriptions[].TargetHealth.[State,Reason]')
  case "$health" in *unhealthy* | *draining*) fail "after the kill: $health" ;; esac
  answers v2 || fail "the balancer answers, then does not"
  sleep 1.5
done
both_healthy() { [ "$(aws_ elbv2 describe-target-health --target-group-arn "$tg" --query 'TargetHealthDescriptions[].TargetHealth.State')" = "healthy	healthy" ]; }
until_true 60 "both are healthy" both_healthy
[ "$(tasks)" = "$before" ] || fail "other tasks after the kill"
say "killed and started again: the same tasks answer, none was found ill"
install=$(cat "$data/install")
"$gantry" down --data "$data" --purge >down.out 2>&1 || { cat down.out; fail "down"; }
trap - EXIT
docker image rm -f "localhost:$port/thread:v1" "localhost:$port/thread:v2" >/dev/null 2>&1 || true
[ -z "$(docker ps -aq --filter label=gantry.install="$install")" ] || fail "containers are left"
[ -z "$(ip netns 2>/dev/null | grep "gantry-$install")" ] || fail "namespaces are left"
say "nothing is left"
