#!/usr/bin/env bash
# A role per service: service a reads its secret and parameter by its task role and is refused b's, and the other way round;
# what the task definition injects is read by the execution role. IAM is enforced; the tasks run an unmodified SDK.
# usage: roles.sh GANTRY_SCRIPT WORK_FOLDER PORT WORKER_BINARY
set -euo pipefail
gantry=$1 work=$2 port=$3 worker=$4
data=$work/data
. "$(dirname "${BASH_SOURCE[0]}")/../script.sh"
cd "$work"

clean() {
  "$gantry" down --data "$data" --purge >down.out 2>&1 || cat down.out
  docker image rm -f "localhost:$port/worker:v1" >/dev/null 2>&1 || true
}
trap clean EXIT
"$gantry" up --detach --port "$port" --data "$data" --iam enforce >up.out 2>&1 || { cat up.out; fail "up"; }

mkdir -p image && cp "$worker" image/worker
printf 'FROM scratch\nCOPY worker /worker\nENTRYPOINT ["/worker"]\n' >image/Dockerfile
docker build -q -t "localhost:$port/worker:v1" image >/dev/null 2>&1 || fail "docker build"
aws_ ecr create-repository --repository-name worker >/dev/null
aws_ ecr get-login-password | docker --config "$work/docker" login -u AWS --password-stdin "localhost:$port" >/dev/null 2>&1 || fail "docker login"
docker --config "$work/docker" push -q "localhost:$port/worker:v1" >/dev/null || fail "docker push"

trust='{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}}'
account=$(aws_ sts get-caller-identity --query Account)
arn() { echo "arn:aws:$1:us-east-1:$account:$2"; }
reads() { # of a service: its own secret and parameter, nothing else
  cat <<JSON
{"Version":"2012-10-17","Statement":[
 {"Effect":"Allow","Action":"secretsmanager:GetSecretValue","Resource":"$(arn secretsmanager "secret:$1/*")"},
 {"Effect":"Allow","Action":["ssm:GetParameter","ssm:GetParameters"],"Resource":"$(arn ssm "parameter/$1/*")"}]}
JSON
}
for each in a b; do
  aws_ iam create-role --role-name "task-$each" --assume-role-policy-document "$trust" >/dev/null
  aws_ iam put-role-policy --role-name "task-$each" --policy-name own --policy-document "$(reads $each)"
  aws_ iam create-role --role-name "exec-$each" --assume-role-policy-document "$trust" >/dev/null
  aws_ iam attach-role-policy --role-name "exec-$each" --policy-arn arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy
  aws_ iam put-role-policy --role-name "exec-$each" --policy-name own --policy-document "$(reads $each)"
  aws_ secretsmanager create-secret --name "$each/db" --secret-string "{\"user\":\"$each\",\"password\":\"password-of-$each\"}" >/dev/null
  aws_ ssm put-parameter --name "/$each/url" --type SecureString --value "db://$each" >/dev/null
done
aws_ logs create-log-group --log-group-name /roles
aws_ ecs create-cluster --cluster-name roles >/dev/null
subnets=$(aws_ ec2 describe-subnets --query 'Subnets[].SubnetId' | tr '\t' ',')
network="awsvpcConfiguration={subnets=[$subnets],assignPublicIp=ENABLED}"

definition() { # family, own, other, execution role
  cat <<JSON
{"family":"$1","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"256","memory":"512",
 "taskRoleArn":"arn:aws:iam::$account:role/task-$2","executionRoleArn":"arn:aws:iam::$account:role/$4",
 "containerDefinitions":[{"name":"worker","image":"localhost:$port/worker:v1","essential":true,"command":["read","$2","$3"],
  "secrets":[{"name":"DB_PASSWORD","valueFrom":"$(aws_ secretsmanager describe-secret --secret-id "$2/db" --query ARN):password::"},
             {"name":"DB_URL","valueFrom":"$(arn ssm "parameter/$2/url")"}],
  "logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/roles","awslogs-region":"us-east-1","awslogs-stream-prefix":"$1"}}}]}
JSON
}
run() { # family: runs it to its end; sets task
  task=$(aws_ ecs run-task --cluster roles --task-definition "$1" --launch-type FARGATE --network-configuration "$network" --query 'tasks[0].taskArn')
  until_true 180 "the end of $1" stopped
}
stopped() { [ "$(aws_ ecs describe-tasks --cluster roles --tasks "$task" --query 'tasks[0].lastStatus')" = STOPPED ]; }
about() { aws_ ecs describe-tasks --cluster roles --tasks "$task" --query "tasks[0].$1"; }
has_said() { said "$1" | grep -q "$2"; }
said() { aws_ logs get-log-events --log-group-name /roles --log-stream-name "$1/worker/${task##*/}" --start-from-head --query 'events[].message' | tr '\t' '\n'; }

for pair in "a b" "b a"; do
  read -r own other <<<"$pair"
  definition "$own" "$own" "$other" "exec-$own" >"$own.json"
  aws_ ecs register-task-definition --cli-input-json "file://$own.json" >/dev/null
  run "$own"
  [ "$(about 'containers[0].exitCode')" = 0 ] || { said "$own" || true; fail "$own: $(about stoppedReason) $(about 'containers[0].reason')"; }
  until_true 60 "the last line of $own" has_said "$own" injected
  said "$own" >"$own.out"
  me="arn:aws:sts::$account:assumed-role/task-$own/${task##*/}"
  grep -qxF "i am $me" "$own.out" || fail "$own is who it should be: $(cat "$own.out")"
  grep -qF "own secret {\"user\":\"$own\",\"password\":\"password-of-$own\"} own parameter db://$own" "$own.out" || fail "$own reads its own: $(cat "$own.out")"
  grep -qxF "injected password-of-$own db://$own" "$own.out" || fail "$own was given its own: $(cat "$own.out")"
  secret=$(aws_ secretsmanager describe-secret --secret-id "$other/db" --query ARN)
  grep -qF "refused: User: $me is not authorized to perform: secretsmanager:GetSecretValue on resource: " "$own.out" || fail "the refusal names the action: $(cat "$own.out")"
  grep -qF "refused: User: $me is not authorized to perform: ssm:GetParameter on resource: $(arn ssm "parameter/$other/url") because no identity-based policy allows the ssm:GetParameter action" "$own.out" ||
    fail "the refusal names the parameter: $(cat "$own.out")"
  "$gantry" why denied --data "$data" >why.out || fail "why denied"
  grep -qF "{\"Effect\":\"Allow\",\"Action\":\"secretsmanager:GetSecretValue\",\"Resource\":\"$secret\"}" why.out || fail "the missing statement is named: $(cat why.out)"
  say "$own reads its own, is refused $other's, and the missing statement is named"
done

definition c a b exec-b >c.json
aws_ ecs register-task-definition --cli-input-json file://c.json >/dev/null
run c
reason=$(about stoppedReason)
case "$reason" in
  *ResourceInitializationError*"assumed-role/exec-b/"*"is not authorized to perform: "*"because no identity-based policy allows"*) ;;
  *) fail "the reason of an execution role that lacks it: $reason" ;;
esac
say "an execution role that lacks a secret: $reason"

install=$(cat "$data/install")
"$gantry" down --data "$data" --purge >down.out 2>&1 || { cat down.out; fail "down"; }
trap - EXIT
docker image rm -f "localhost:$port/worker:v1" >/dev/null 2>&1 || true
[ -z "$(docker ps -aq --filter label=gantry.install="$install")" ] || fail "containers are left"
say "nothing is left"
