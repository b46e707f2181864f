#!/usr/bin/env bash
# Deployments one after another behind the balancer under constant load, a StopTask in the middle of each; then a container
# killed by signal 9. On the way the official waiters of the aws CLI and of the SDK.
# usage: deployments.sh GANTRY_SCRIPT WORK_FOLDER PORT ROUNDS RESOURCES SDK_WAITER...
set -euo pipefail
gantry=$1 work=$2 port=$3 rounds=$4 resources=$5
shift 5
sdk_waiter=("$@")
lb_port=$((port + 1))
data=$work/data
mkdir -p "$work/image"
cd "$work"

say() { printf '== %s\n' "$*"; }
fail() {
  printf 'FAILED: %s\n' "$*"
  "$gantry" status --data "$data" || true
  tail -n 20 "$data/gantry.log" 2>/dev/null || true
  exit 1
}
aws_() { aws --endpoint-url "http://localhost:$port" --output text "$@"; }
load=
clean() {
  [ -z "$load" ] || kill "$load" 2>/dev/null || true
  "$gantry" down --data "$data" --purge >down.out 2>&1 || cat down.out
  docker image rm -f "localhost:$port/rolling:v1" >/dev/null 2>&1 || true
}
trap clean EXIT
# Both official waiters must agree.
waits() { # waiter, name, more of the CLI's arguments
  aws_ ecs wait "$1" --cluster rolling "${@:3}" || fail "aws ecs wait $1"
  "${sdk_waiter[@]}" "http://localhost:$port" "$1" rolling "$2" || fail "the SDK's waiter $1"
  say "waited: $1"
}

"$gantry" up --detach --port "$port" --data "$data" >up.out 2>&1 || { cat up.out; fail "up"; }
cp "$(command -v busybox)" image/busybox
cat >image/answer <<'CGI'
#!/bin/busybox sh
/bin/busybox sleep 0.1
printf 'Content-Type: text/plain\r\n\r\nyes\n'
CGI
cat >image/Dockerfile <<'DOCKER'
FROM scratch
COPY busybox /bin/busybox
COPY answer /www/cgi-bin/answer
ENTRYPOINT ["/bin/busybox"]
CMD ["sh", "-c", "trap 'exit 0' TERM; busybox httpd -f -p 80 -h /www & wait"]
DOCKER
chmod +x image/answer
aws_ ecr create-repository --repository-name rolling >/dev/null
aws_ ecr get-login-password | docker --config "$work/docker" login -u AWS --password-stdin "localhost:$port" >/dev/null 2>&1 || fail "docker login"
docker build -q -t "localhost:$port/rolling:v1" image >/dev/null 2>&1 || fail "docker build"
docker --config "$work/docker" push -q "localhost:$port/rolling:v1" >/dev/null || fail "docker push"

vpc=$(aws_ ec2 describe-vpcs --query 'Vpcs[0].VpcId')
subnets=$(aws_ ec2 describe-subnets --query 'Subnets[].SubnetId')
group=$(aws_ ec2 create-security-group --group-name rolling --description rolling --vpc-id "$vpc" --query GroupId)
aws_ ec2 authorize-security-group-ingress --group-id "$group" --protocol tcp --port 1-65535 --cidr 0.0.0.0/0 >/dev/null
# shellcheck disable=SC2086
lb=$(aws_ elbv2 create-load-balancer --name rolling --subnets $subnets --security-groups "$group" --query 'LoadBalancers[0].LoadBalancerArn')
tg=$(aws_ elbv2 create-target-group --name rolling --protocol HTTP --port 80 --vpc-id "$vpc" --target-type ip --health-check-path /cgi-bin/answer \
  --health-check-interval-seconds 5 --health-check-timeout-seconds 4 --healthy-threshold-count 2 --query 'TargetGroups[0].TargetGroupArn')
aws_ elbv2 modify-target-group-attributes --target-group-arn "$tg" --attributes Key=deregistration_delay.timeout_seconds,Value=2 >/dev/null
aws_ elbv2 create-listener --load-balancer-arn "$lb" --protocol HTTP --port "$lb_port" --default-actions "Type=forward,TargetGroupArn=$tg" >/dev/null
host="$(aws_ elbv2 describe-load-balancers --query 'LoadBalancers[0].DNSName' | sed 's/elb.amazonaws.com/elb.localhost/'):$lb_port"

aws_ ecs create-cluster --cluster-name rolling >/dev/null
cat >web.json <<JSON
{"family":"web","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512",
 "containerDefinitions":[{"name":"web","image":"localhost:$port/rolling:v1","essential":true,"stopTimeout":5,"portMappings":[{"containerPort":80}]}]}
JSON
aws_ ecs register-task-definition --cli-input-json file://web.json >/dev/null
network="awsvpcConfiguration={subnets=[$(echo $subnets | tr ' ' ',')],securityGroups=[$group],assignPublicIp=ENABLED}"
aws_ ecs create-service --cluster rolling --service-name web --task-definition web --desired-count 2 --launch-type FARGATE \
  --network-configuration "$network" --load-balancers "targetGroupArn=$tg,containerName=web,containerPort=80" >/dev/null
waits services-stable web --services web

running() { aws_ ecs list-tasks --cluster rolling --service-name web --query 'taskArns[]'; }
# shellcheck disable=SC2046
waits tasks-running "$(running | tr '\t' ',')" --tasks $(running)

python3 "$resources/load.py" "$host" "$lb_port" 8 /cgi-bin/answer >load.out &
load=$!
state() { aws_ ecs describe-services --cluster rolling --services web --query 'services[0].[runningCount,length(deployments),deployments[0].rolloutState]' | tr '\t' ' '; }
stable() {
  local deadline=$((SECONDS + 180))
  until [ "$(state)" = "2 1 COMPLETED" ]; do
    [ $SECONDS -lt $deadline ] || fail "the deployment does not end: $(state)"
    sleep 0.5
  done
}
for round in $(seq "$rounds"); do
  old=$(running | cut -f1)
  aws_ ecs update-service --cluster rolling --service web --force-new-deployment >/dev/null
  sleep 3
  aws_ ecs stop-task --cluster rolling --task "$old" --reason "in the middle of a deployment" >/dev/null
  stable
  say "deployment $round of $rounds: $(wc -l <load.out) requests failed so far"
done
kill "$load"
wait "$load" || true
load=
sum=$(grep '^SUM' load.out)
[ "$(grep -c '^FAILED' load.out)" = 0 ] || { cat load.out; fail "requests failed: $sum"; }
say "$rounds deployments with a StopTask in each: $sum"
waits services-stable web --services web

# A container that is killed: what it was answering fails, nothing else.
python3 "$resources/load.py" "$host" "$lb_port" 8 /cgi-bin/answer >killed.out &
load=$!
sleep 3
task=$(running | cut -f1)
container=$(aws_ ecs describe-tasks --cluster rolling --tasks "$task" --query 'tasks[0].containers[0].runtimeId')
before=$(date +%s.%N)
docker kill -s 9 "$container" >/dev/null
after=$(date +%s.%N)
sleep 1
stable
kill "$load"
wait "$load" || true
load=
cat killed.out
late=$(awk -v after="$after" '$1 == "FAILED" && $3 > after' killed.out | wc -l)
early=$(awk -v before="$before" '$1 == "FAILED" && $4 < before' killed.out | wc -l)
[ "$late" = 0 ] && [ "$early" = 0 ] || fail "$late requests that began after the kill failed, $early before"
[ "$(grep -c '^FAILED' killed.out)" -le 8 ] || fail "more failed than were in flight"
say "killed by signal 9: $(grep '^SUM' killed.out | sed 's/SUM //'), each in flight on it"
waits tasks-stopped "$task" --tasks "$task"
[ "$(aws_ ecs describe-tasks --cluster rolling --tasks "$task" --query 'tasks[0].containers[0].exitCode')" = 137 ] || fail "exit code 137"

"$gantry" events --data "$data" >events.out
for type in "ECS Task State Change" "ECS Deployment State Change" "ECS Service Action"; do
  grep -q "\"detail-type\":\"$type\"" events.out || fail "no event: $type"
done
say "$(wc -l <events.out) events"
"$gantry" status --data "$data"
aws_ ecs delete-service --cluster rolling --service web --force >/dev/null
waits services-inactive web --services web
say "done"
