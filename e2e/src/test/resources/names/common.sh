# What the scripts about names share: the program, images made of what Debian has installed, a VPC that lets everything in.
# usage: . common.sh GANTRY_SCRIPT WORK_FOLDER PORT
set -euo pipefail
gantry=$1 work=$2 port=$3
lb_port=$((port + 1))
data=$work/data
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../script.sh"
mkdir -p "$work"
cd "$work"
pushed=()

on_failure() {
  aws_ ecs describe-services --cluster names --services edge api --query 'services[].events[:8].message' 2>/dev/null || true
}
clean() {
  local process
  for process in ${load:-} ${server:-}; do kill "$process" 2>/dev/null || true; done
  "$gantry" down --data "$data" --purge >down.out 2>&1 || cat down.out
  local tag
  for tag in "${pushed[@]}"; do docker image rm -f "$tag" >/dev/null 2>&1 || true; done
}
# The program with a cluster, an open security group and a registry to push to.
begin() {
  trap clean EXIT
  "$gantry" up --detach --port "$port" --data "$data" >up.out 2>&1 || { cat up.out; fail "up"; }
  vpc=$(aws_ ec2 describe-vpcs --query 'Vpcs[0].VpcId')
  subnets=$(aws_ ec2 describe-subnets --query 'Subnets[].SubnetId')
  group=$(aws_ ec2 create-security-group --group-name names --description names --vpc-id "$vpc" --query GroupId)
  aws_ ec2 authorize-security-group-ingress --group-id "$group" --protocol tcp --port 1-65535 --cidr 0.0.0.0/0 >/dev/null
  # shellcheck disable=SC2086
  network="awsvpcConfiguration={subnets=[$(echo $subnets | tr ' ' ',')],securityGroups=[$group],assignPublicIp=ENABLED}"
  aws_ ecs create-cluster --cluster-name names >/dev/null
  aws_ ecr create-repository --repository-name names >/dev/null
  aws_ ecr get-login-password | docker --config "$work/docker" login -u AWS --password-stdin "localhost:$port" >/dev/null 2>&1 || fail "docker login"
  say "the program answers"
}
# take FOLDER PROGRAM...: programs of this machine with the libraries that they load, as an image's files.
take() {
  local into=$1 program file
  shift
  for program in "$@"; do
    mkdir -p "$into$(dirname "$program")"
    cp -L "$program" "$into$program"
    for file in $(ldd "$program" 2>/dev/null | grep -o '/[^ ]*' || true); do
      [ -e "$into$file" ] || { mkdir -p "$into$(dirname "$file")"; cp -L "$file" "$into$file"; }
    done
  done
}
# image TAG FOLDER: builds and pushes it.
image() {
  local tag="localhost:$port/names:$1"
  docker build -q -t "$tag" "$2" >/dev/null 2>build.out || { cat build.out; fail "docker build $1"; }
  pushed+=("$tag")
  docker --config "$work/docker" push -q "$tag" >/dev/null || fail "docker push $1"
}
# An image whose only programs are nginx and busybox; the configuration is the command.
nginx_image() {
  mkdir -p nginx/bin nginx/etc nginx/var/log/nginx nginx/var/lib/nginx nginx/run nginx/tmp
  cp "$(command -v busybox)" nginx/bin/busybox
  take nginx "$(command -v nginx)"
  echo 'root:x:0:0::/:/bin/busybox' >nginx/etc/passwd
  echo 'root:x:0:' >nginx/etc/group
  cat >nginx/Dockerfile <<'DOCKER'
FROM scratch
COPY . /
STOPSIGNAL SIGTERM
DOCKER
  image nginx nginx
}
# serve FAMILY HTTP_BLOCK [MORE]: a task of nginx with this configuration; healthy when it answers /health.
serve() {
  local conf="user root; daemon off; worker_processes 1; error_log /dev/stderr; events { worker_connections 1024; } http { access_log off; $2 }"
  cat >"$1.json" <<JSON
{"family":"$1","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512",
 "containerDefinitions":[{"name":"$1","image":"localhost:$port/names:nginx","essential":true,
  "portMappings":[{"containerPort":80${3:-}}],
  "entryPoint":["/bin/busybox","sh","-c"],
  "command":["echo '$conf' > /etc/nginx.conf; exec /usr/sbin/nginx -c /etc/nginx.conf"],
  "healthCheck":{"command":["CMD","/bin/busybox","wget","-q","-O","/dev/null","http://127.0.0.1/health"],"interval":5,"timeout":2,"retries":2}}]}
JSON
  aws_ ecs register-task-definition --cli-input-json "file://$1.json" >/dev/null || fail "task definition $1"
}
# service_is NAME COUNT REVISION: so many tasks of that revision run, and nothing else.
service_is() {
  [ "$(aws_ ecs describe-services --cluster names --services "$1" \
    --query 'services[0].[runningCount,pendingCount,length(deployments),deployments[0].rolloutState,deployments[0].taskDefinition]' |
    sed 's|arn:[^ \t]*task-definition|task-definition|' | tr '\t' ' ')" = "$2 0 1 COMPLETED $3" ]
}
# run_probe FAMILY SECONDS: runs a task to its end; its last lines are the answer.
run_probe() {
  local task
  task=$(aws_ ecs run-task --cluster names --task-definition "$1" --launch-type FARGATE --network-configuration "$network" --query 'tasks[0].taskArn')
  probe_stopped() { [ "$(aws_ ecs describe-tasks --cluster names --tasks "$task" --query 'tasks[0].lastStatus')" = STOPPED ]; }
  until_true "$2" "task of $1" probe_stopped
  local said
  said=$(aws_ ecs describe-tasks --cluster names --tasks "$task" --query 'tasks[0].[stoppedReason,containers[0].exitCode,containers[0].reason]')
  case "$said" in *$'\t'0$'\t'*) ;; *) aws_ logs tail /names 2>/dev/null || true; fail "probe $1: $said" ;; esac
}
# An edge that the load comes in by: a load balancer in front of service "edge".
front_door() {
  # shellcheck disable=SC2086
  lb=$(aws_ elbv2 create-load-balancer --name names --subnets $subnets --security-groups "$group" --query 'LoadBalancers[0].LoadBalancerArn')
  tg=$(aws_ elbv2 create-target-group --name names --protocol HTTP --port 80 --vpc-id "$vpc" --target-type ip --health-check-path /health \
    --health-check-interval-seconds 5 --health-check-timeout-seconds 2 --healthy-threshold-count 2 --query 'TargetGroups[0].TargetGroupArn')
  aws_ elbv2 create-listener --load-balancer-arn "$lb" --protocol HTTP --port "$lb_port" --default-actions "Type=forward,TargetGroupArn=$tg" >/dev/null
  host="$(aws_ elbv2 describe-load-balancers --query 'LoadBalancers[0].DNSName' | sed 's/elb.amazonaws.com/elb.localhost/')"
}
ask() { curl -s -m 30 -H "Host: $host:$lb_port" "http://127.0.0.1:$lb_port/"; }
# Constant load until it is ended: some two hundred requests a second, each a connection of its own behind the edge.
load_begins() {
  cat >load.lua <<'LUA'
function delay() return 40 end
LUA
  wrk -t1 -c8 -d600s --timeout 30s -s load.lua -H "Host: $host:$lb_port" "http://127.0.0.1:$lb_port/" >wrk.out 2>&1 &
  load=$!
}
load_ends() {
  kill -INT "$load"
  wait "$load" || true
  load=
  requests=$(awk '/requests in/ {print $1}' wrk.out)
  [ -n "$requests" ] || { cat wrk.out; fail "no load"; }
  if grep -qE 'Non-2xx|Socket errors' wrk.out; then
    cat wrk.out
    fail "requests failed"
  fi
}
# answerers COUNT: within some requests so many different tasks answer.
answerers() { [ "$(for _ in $(seq 40); do ask; done | sort -u | wc -l)" = "$1" ]; }
end() {
  local install
  install=$(cat "$data/install")
  "$gantry" down --data "$data" --purge >down.out 2>&1 || { cat down.out; fail "down"; }
  trap - EXIT
  local tag
  for tag in "${pushed[@]}"; do docker image rm -f "$tag" >/dev/null 2>&1 || true; done
  [ -z "$(docker ps -aq --filter label=gantry.install="$install")" ] || fail "containers are left"
  [ -z "$(ip netns 2>/dev/null | grep "gantry-$install")" ] || fail "namespaces are left"
  say "nothing is left"
}
