#!/usr/bin/env bash
# Service Connect: service "edge" calls http://api:8080 by its alias while api scales and is redeployed under constant load.
# usage: connect.sh GANTRY_SCRIPT WORK_FOLDER PORT
# shellcheck source=/dev/null
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
begin
nginx_image
aws_ servicediscovery create-http-namespace --name mesh >/dev/null
front_door

answer() { echo "server { listen 80; location = /health { return 200; } location / { return 200 \"$1 \$server_addr\\n\"; } }" | sed 's/"/\\"/g; s/\\n/\\\\n/g'; }
named=',"name":"web","appProtocol":"http"'
serve api "$(answer v1)" "$named"
serve api "$(answer v2)" "$named"
# The name stands in the task's hosts file; nginx reads it once, at its start.
serve edge 'upstream api { server api:8080; } server { listen 80; location = /health { return 200; } location / { proxy_pass http://api; proxy_next_upstream off; } }' "$named"
cat >api.connect.json <<'JSON'
{"enabled":true,"namespace":"mesh","services":[{"portName":"web","discoveryName":"api","clientAliases":[{"port":8080,"dnsName":"api"}]}]}
JSON
echo '{"enabled":true,"namespace":"mesh"}' >edge.connect.json
aws_ ecs create-service --cluster names --service-name api --task-definition api:1 --desired-count 1 --launch-type FARGATE \
  --network-configuration "$network" --service-connect-configuration file://api.connect.json >/dev/null
[ "$(aws_ ecs describe-services --cluster names --services api --query 'services[0].deployments[0].serviceConnectResources[0].discoveryName')" = api ] ||
  fail "serviceConnectResources"
aws_ ecs create-service --cluster names --service-name edge --task-definition edge:1 --desired-count 1 --launch-type FARGATE \
  --network-configuration "$network" --load-balancers "targetGroupArn=$tg,containerName=edge,containerPort=80" \
  --service-connect-configuration file://edge.connect.json >/dev/null
until_true 180 "one task of api" service_is api 1 task-definition/api:1
until_true 180 "one task of edge" service_is edge 1 task-definition/edge:1
until_true 90 "the edge answers" answerers 1
say "edge calls http://api:8080"

load_begins
aws_ ecs update-service --cluster names --service api --desired-count 3 >/dev/null
until_true 180 "three tasks of api" service_is api 3 task-definition/api:1
until_true 90 "all three answer" answerers 3
say "1 -> 3: all three answer"
aws_ ecs update-service --cluster names --service api --task-definition api:2 >/dev/null
until_true 180 "the redeployment" service_is api 3 task-definition/api:2
until_true 90 "three new ones answer" answerers 3
say "redeployed"
aws_ ecs update-service --cluster names --service api --desired-count 2 >/dev/null
until_true 180 "two tasks of api" service_is api 2 task-definition/api:2
until_true 90 "two answer" answerers 2
say "3 -> 2"
load_ends
say "Service Connect kept routing: $requests requests, none failed"

# Outside of Service Connect the name means nothing; what the API shows of it is what there is.
discovery=$(aws_ servicediscovery list-services --query "Services[?Name=='api'].Id")
[ "$(aws_ servicediscovery list-instances --service-id "$discovery" --query 'length(Instances)')" = 2 ] || fail "instances in Cloud Map"
[ "$(aws_ ecs list-services-by-namespace --namespace mesh --query 'length(serviceArns)')" = 2 ] || fail "services by namespace"
task=$(aws_ ecs list-tasks --cluster names --service-name api --query 'taskArns[0]')
aws_ ecs describe-tasks --cluster names --tasks "$task" --query 'tasks[0].attachments[].type' | grep -q 'Service Connect' || fail "the task's attachment"
cat >stranger.json <<JSON
{"family":"stranger","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512",
 "containerDefinitions":[{"name":"stranger","image":"localhost:$port/names:nginx","essential":true,
  "entryPoint":["/bin/busybox","sh","-c"],"command":["! /bin/busybox wget -q -T 3 -O - http://api:8080/"]}]}
JSON
aws_ ecs register-task-definition --cli-input-json file://stranger.json >/dev/null
run_probe stranger 180
say "a task outside does not know the name"
end
