# What the scripts share: what they say, the aws CLI at the program, waiting for states. Sourced where $port and $data are set;
# a script that has more to show of a failure defines on_failure.

say() { printf '== %s (%ss)\n' "$*" "$SECONDS"; }
fail() {
  printf 'FAILED: %s\n' "$*"
  if declare -F on_failure >/dev/null; then on_failure; fi
  tail -n 40 "$data/gantry.log" "$data/up.out" 2>/dev/null || true
  exit 1
}
aws_() { aws --endpoint-url "http://localhost:$port" --output text "$@"; }
# until_true SECONDS WHAT COMMAND...: waits for a state, with a deadline.
until_true() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || fail "not in time: $what"
    sleep 0.2
  done
}
