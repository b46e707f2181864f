# aws CLI v2 over STS, SSM and ECS: AWS is the program, URL where to call.
set -euo pipefail
aws() { command "$AWS" --endpoint-url "$URL" --region eu-central-1 --output text "$@"; }
same() { [ "$1" = "$2" ] || { echo "expected '$1', got '$2'"; exit 1; }; }
refused() { # the code, then a command
  local code=$1 said
  shift
  if said=$(aws "$@" 2>&1); then echo "$code was expected: $said"; exit 1; fi
  case "$said" in *"($code)"*) ;; *) echo "expected $code: $said"; exit 1 ;; esac
}
same 000000000000 "$(aws sts get-caller-identity --query Account)"
same 1 "$(aws ssm put-parameter --name /cli/a --value one --type String --query Version)"
same one "$(aws ssm get-parameter --name /cli/a --query Parameter.Value)"
refused ParameterNotFound ssm get-parameter --name /cli/none
arn=arn:aws:ecs:eu-central-1:000000000000:cluster/cli
same $arn "$(aws ecs create-cluster --cluster-name cli --tags key=a,value=b --query cluster.clusterArn)"
same b "$(aws ecs list-tags-for-resource --resource-arn $arn --query 'tags[0].value')"
same 1 "$(aws ecs register-task-definition --family cli --container-definitions name=a,image=busybox,memory=64 --query taskDefinition.revision)"
same cli:1 "$(aws ecs list-task-definitions --family-prefix cli --query 'taskDefinitionArns[0]' | sed 's:.*/::')"
same enabled "$(aws ecs put-account-setting --name taskLongArnFormat --value enabled --query setting.value)"
refused ClusterNotFoundException ecs list-attributes --cluster none --target-type container-instance
same INACTIVE "$(aws ecs delete-cluster --cluster cli --query cluster.status)"
echo ok
