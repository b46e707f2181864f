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
until_true 120 "one task of api" service_is api 1 task-definition/api:1
until_true 120 "one task of edge" service_is edge 1 task-definition/edge:1
until_true 30 "the edge answers" answerers 1
say "edge calls http://api:8080"


pid=$(cat "$data/gantry.pid" 2>/dev/null || cat "$data"/*.pid | head -1)
say "restart of $pid"; ls "$data"
kill -TERM "$pid"; while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
"$gantry" up --detach --port "$port" --data "$data" >up2.out 2>&1 || fail up2
until_true 60 "answers again" answerers 1
say "answers after restart: $(ask)"
aws_ ecs update-service --cluster names --service api --desired-count 2 >/dev/null
until_true 120 "two" service_is api 2 task-definition/api:1
until_true 30 "both answer" answerers 2
curl -s http://localhost:$port/metrics | grep service_connect_requests || true
"$gantry" why api --data "$data" || true
say done
end
