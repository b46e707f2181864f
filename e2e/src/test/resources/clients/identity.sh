# aws CLI v2 over IAM, STS, Secrets Manager, KMS and CloudWatch Logs: AWS is the program, URL where to call.
set -euo pipefail
aws() { command "$AWS" --endpoint-url "$URL" --region eu-central-1 --output text "$@"; }
same() { [ "$1" = "$2" ] || { echo "expected '$1', got '$2'"; exit 1; }; }
refused() { # the code, then a command
  local code=$1 said
  shift
  if said=$(aws "$@" 2>&1); then echo "$code was expected: $said"; exit 1; fi
  case "$said" in *"($code)"*) ;; *) echo "expected $code: $said"; exit 1 ;; esac
}
trust='{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"000000000000"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"42"}}}}'
role=$(aws iam create-role --role-name cli --assume-role-policy-document "$trust" --query Role.Arn)
same arn:aws:iam::000000000000:role/cli "$role"
aws iam attach-role-policy --role-name cli --policy-arn arn:aws:iam::aws:policy/SecretsManagerReadWrite
same SecretsManagerReadWrite "$(aws iam list-attached-role-policies --role-name cli --query 'AttachedPolicies[].PolicyName')"
refused EntityAlreadyExists iam create-role --role-name cli --assume-role-policy-document "$trust"
refused MalformedPolicyDocument iam put-role-policy --role-name cli --policy-name bad --policy-document '{"Statement":[{"Effect":"Perhaps"}]}'
refused DeleteConflict iam delete-role --role-name cli
same "allowed implicitDeny" "$(aws iam simulate-principal-policy --policy-source-arn "$role" --action-names secretsmanager:GetSecretValue ecs:RunTask --query 'EvaluationResults[].EvalDecision' | tr '\t' ' ')"
refused AccessDenied sts assume-role --role-arn "$role" --role-session-name one
read -r id secret token <<<"$(aws sts assume-role --role-arn "$role" --role-session-name one --external-id 42 --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]')"
same arn:aws:sts::000000000000:assumed-role/cli/one "$(AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=$token aws sts get-caller-identity --query Arn)"

key=$(aws kms create-key --query KeyMetadata.KeyId)
aws kms create-alias --alias-name alias/cli --target-key-id "$key"
sealed=$(aws kms encrypt --key-id alias/cli --plaintext aGVsbG8= --encryption-context a=b --query CiphertextBlob)
printf %s "$sealed" | base64 -d >sealed.bin
same aGVsbG8= "$(aws kms decrypt --ciphertext-blob fileb://sealed.bin --encryption-context a=b --query Plaintext)"
refused InvalidCiphertextException kms decrypt --ciphertext-blob fileb://sealed.bin --encryption-context a=c
refused NotFoundException kms describe-key --key-id alias/none

secret=$(aws secretsmanager create-secret --name cli --kms-key-id "$key" --secret-string '{"a":"1"}' --query ARN)
aws secretsmanager put-secret-value --secret-id cli --secret-string two >/dev/null
same two "$(aws secretsmanager get-secret-value --secret-id "$secret" --query SecretString)"
same '{"a":"1"}' "$(aws secretsmanager get-secret-value --secret-id cli --version-stage AWSPREVIOUS --query SecretString)"
same 20 "$(aws secretsmanager get-random-password --password-length 20 --query RandomPassword | tr -d '\n' | wc -c)"
refused ResourceNotFoundException secretsmanager get-secret-value --secret-id none
aws secretsmanager delete-secret --secret-id cli >/dev/null
refused InvalidRequestException secretsmanager get-secret-value --secret-id cli

aws logs create-log-group --log-group-name /cli
aws logs create-log-stream --log-group-name /cli --log-stream-name s
now=$(date +%s000)
aws logs put-log-events --log-group-name /cli --log-stream-name s --log-events "timestamp=$now,message=first ERROR" "timestamp=$now,message=second" >/dev/null
same "first ERROR" "$(aws logs filter-log-events --log-group-name /cli --filter-pattern ERROR --query 'events[].message')"
# Python keeps what it writes to a file until there is much of it, unless it is told not to.
PYTHONUNBUFFERED=1 "$AWS" --endpoint-url "$URL" --region eu-central-1 logs tail /cli --follow --since 1h --format short >tail.out &
follower=$!
trap 'kill $follower 2>/dev/null || true' EXIT
shown() { # a message, within a minute
  local deadline=$((SECONDS + 60))
  until grep -q " $1\$" tail.out; do [ $SECONDS -lt $deadline ] || { echo "tail did not show $1: $(cat tail.out)"; exit 1; }; sleep 0.2; done
}
shown second
aws logs put-log-events --log-group-name /cli --log-stream-name s --log-events "timestamp=$(date +%s000),message=third" >/dev/null
shown third
kill $follower
same "first ERROR second third" "$(sed 's/^[^ ]* //' tail.out | tr '\n' ' ' | sed 's/ $//')"
query=$(aws logs start-query --log-group-name /cli --start-time $((now / 1000 - 60)) --end-time $((now / 1000 + 3600)) --query-string 'stats count(*) as n by strlen(@message) as l | sort l asc' --query queryId)
same "Complete" "$(aws logs get-query-results --query-id "$query" --query status)"
same "5 1 6 1 11 1" "$(aws logs get-query-results --query-id "$query" --query 'results[][].value' | tr '\t' ' ')"
refused ResourceNotFoundException logs describe-log-streams --log-group-name /none
echo ok
