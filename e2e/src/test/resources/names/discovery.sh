#!/usr/bin/env bash
# nginx resolves api.local at run time and keeps routing while api scales 1 -> 5 -> 2 and is redeployed under constant load.
# Then resolvers of every kind ask inside a task. All by the aws CLI.
# usage: discovery.sh GANTRY_SCRIPT WORK_FOLDER PORT
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# The files of an image with a resolver of every kind: made while the program starts.
resolvers() {
  set -e
  mkdir -p resolvers/bin resolvers/etc resolvers/tmp
  cp "$(command -v busybox)" resolvers/bin/busybox
  take resolvers "$(command -v dig)" /usr/bin/python3
  library=$(/usr/bin/python3 -c 'import encodings,os; print(os.path.dirname(os.path.dirname(encodings.__file__)))')
  mkdir -p "resolvers$library"
  tar -C "$library" --exclude=test --exclude=dist-packages --exclude=__pycache__ --exclude='config-*' -cf - . | tar -C "resolvers$library" -xf -
  cp "$here/resolve.py" "$here/probe.sh" resolvers/
  cp "$here/resolve.go" .
  CGO_ENABLED=0 go build -o resolvers/bin/resolve-go resolve.go
  musl-gcc -static -O1 -o resolvers/bin/resolve-musl "$here/resolve.c"
  echo 'root:x:0:0::/:/bin/busybox' >resolvers/etc/passwd
}
resolvers >resolvers.out 2>&1 &
prepared=$!
begin
nginx_image

aws_ servicediscovery create-private-dns-namespace --name local --vpc "$vpc" >/dev/null
namespaced() { [ "$(aws_ servicediscovery list-operations --filters Name=STATUS,Values=SUCCESS --query 'length(Operations)')" -ge 1 ]; }
until_true 90 "the namespace" namespaced
namespace=$(aws_ servicediscovery list-namespaces --query 'Namespaces[0].Id')
registry=$(aws_ servicediscovery create-service --name api --namespace-id "$namespace" --dns-config 'DnsRecords=[{Type=A,TTL=2}]' \
  --health-check-custom-config FailureThreshold=1 --query Service.Arn)
front_door

answer() { echo "server { listen 80; location = /health { return 200; } location / { return 200 \"$1 \$server_addr\\n\"; } }" | sed 's/"/\\"/g; s/\\n/\\\\n/g'; }
serve api "$(answer v1)"
serve api "$(answer v2)"
# Nothing is tried a second time: one address that does not answer is one failed request.
serve edge 'resolver 169.254.169.253; server { listen 80; location = /health { return 200; } location / { set $upstream api.local; proxy_pass http://$upstream; proxy_next_upstream off; proxy_connect_timeout 2s; } }'
aws_ ecs create-service --cluster names --service-name api --task-definition api:1 --desired-count 1 --launch-type FARGATE \
  --network-configuration "$network" --service-registries "registryArn=$registry" >/dev/null
aws_ ecs create-service --cluster names --service-name edge --task-definition edge:1 --desired-count 1 --launch-type FARGATE \
  --network-configuration "$network" --load-balancers "targetGroupArn=$tg,containerName=edge,containerPort=80" >/dev/null
until_true 180 "one task of api" service_is api 1 task-definition/api:1
until_true 180 "one task of edge" service_is edge 1 task-definition/edge:1
until_true 90 "the edge answers" answerers 1
say "nginx routes to api.local"

load_begins
aws_ ecs update-service --cluster names --service api --desired-count 5 >/dev/null
until_true 180 "five tasks of api" service_is api 5 task-definition/api:1
until_true 90 "all five answer" answerers 5
say "1 -> 5: all five answer"
aws_ ecs update-service --cluster names --service api --task-definition api:2 >/dev/null
until_true 180 "the redeployment" service_is api 5 task-definition/api:2
until_true 90 "five new ones answer" answerers 5
case "$(ask)" in v2*) ;; *) fail "v2 answers" ;; esac
say "redeployed"
aws_ ecs update-service --cluster names --service api --desired-count 2 >/dev/null
until_true 180 "two tasks of api" service_is api 2 task-definition/api:2
until_true 90 "two answer" answerers 2
only_two() { [ "$(aws_ ecs list-tasks --cluster names --service-name api --desired-status RUNNING --query 'length(taskArns)')" = 2 ]; }
until_true 90 "three are gone" only_two
say "5 -> 2"
load_ends
say "nginx kept routing: $requests requests, none failed"

# --- resolvers in containers
zone=$(aws_ route53 create-hosted-zone --name big.test --caller-reference names --vpc "VPCRegion=us-east-1,VPCId=$vpc" --query HostedZone.Id)
values=$(for i in $(seq 200); do printf '{"Value":"10.9.8.%s"},' "$i"; done)
echo "{\"Changes\":[{\"Action\":\"CREATE\",\"ResourceRecordSet\":{\"Name\":\"many.big.test\",\"Type\":\"A\",\"TTL\":5,\"ResourceRecords\":[${values%,}]}}]}" >batch.json
aws_ route53 change-resource-record-sets --hosted-zone-id "$zone" --change-batch file://batch.json >/dev/null
database=$(aws_ servicediscovery create-service --name _db._tcp --namespace-id "$namespace" --dns-config 'DnsRecords=[{Type=SRV,TTL=5}]' --query Service.Id)
aws_ servicediscovery register-instance --service-id "$database" --instance-id one --attributes AWS_INSTANCE_IPV4=10.1.2.3,AWS_INSTANCE_PORT=5432 >/dev/null

wait "$prepared" || { cat resolvers.out; fail "the resolvers' files"; }
cp nginx/Dockerfile resolvers/
image resolvers resolvers
address=$(aws_ ecs describe-tasks --cluster names --tasks "$(aws_ ecs list-tasks --cluster names --service-name api --query 'taskArns[0]')" \
  --query 'tasks[0].containers[0].networkInterfaces[0].privateIpv4Address')
cat >probe.json <<JSON
{"family":"probe","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512",
 "containerDefinitions":[{"name":"probe","image":"localhost:$port/names:resolvers","essential":true,
  "environment":[{"name":"ADDRESS","value":"$address"}],
  "entryPoint":["/bin/busybox","sh","/probe.sh"]}]}
JSON
aws_ ecs register-task-definition --cli-input-json file://probe.json >/dev/null
run_probe probe 180
say "dig, Python, Go and musl found everything by name"
end
