# ./gantry test: everything; --fast: what needs neither Docker nor other people's programs, nor minutes of the processors
# (tag `many`); --long: also the systems that are deployed, rolled and broken for minutes under load (tag `long`).

CLIENT_PROGRAMS="aws:awscli skopeo:skopeo redis-server:redis-server nginx:nginx wrk:wrk dig:dnsutils mmdebstrap:mmdebstrap busybox:busybox-static python3:python3 pip3:python3-pip node:nodejs npm:npm chromium:chromium go:golang-go musl-gcc:musl-tools unbound:unbound"

run_tests() {
  local fast= long=" & !long" began=$SECONDS status=0
  [ "${1:-}" = --fast ] && { fast=1; shift; }
  [ "${1:-}" = --long ] && { long=; shift; }
  need_jdk
  need_maven
  # A reader of the results sees each module's own line; our last line adds them up.
  find "$GANTRY_ROOT" -path '*/target/surefire-reports/*.xml' -delete 2>/dev/null || true
  say "tests that need nothing but Java"
  maven -T2 --fail-at-end verify -DexcludedGroups=docker,client,many "$@" >"$GANTRY_ROOT/.gantry/test-fast.log" 2>&1 || status=1
  test_lines "$GANTRY_ROOT/.gantry/test-fast.log"
  touch "$GANTRY_ROOT/.gantry/resolved"
  say "the fast tests took $((SECONDS - began)) s"
  if [ -z "$fast" ] && [ $status = 0 ]; then
    local groups="docker | client | many" skipped=
    if ! ready_machine; then
      say "SKIPPED: every test that runs containers: $WHY_NOT"
      groups="client | many" skipped=docker
    fi
    local pair missing=()
    for pair in $CLIENT_PROGRAMS; do has "${pair%%:*}" || missing+=("${pair##*:}"); done
    [ ${#missing[@]} = 0 ] || install_packages "clients and servers that the tests use" "${missing[@]}" ||
      say "SKIPPED: tests of the clients that are missing: ${missing[*]}"
    build
    say "tests with containers and real clients"
    maven --fail-at-end verify -Dgroups="($groups)$long" ${skipped:+-DexcludedGroups=$skipped} "$@" >"$GANTRY_ROOT/.gantry/test-real.log" 2>&1 || status=1
    test_lines "$GANTRY_ROOT/.gantry/test-real.log"
  fi
  stop_docker_if_ours
  test_summary
  say "all took $((SECONDS - began)) s"
  return $status
}

test_lines() {
  grep -E '^\[(INFO|ERROR|WARNING)\] +(Tests run:|Building Gantry|[A-Za-z]+Test\.|  [A-Za-z]+.*»)|BUILD|ERROR' "$1" | grep -vE 'Help 1|re-run Maven|^\[ERROR\] *$' | head -n 200
}

test_summary() {
  python3 - "$GANTRY_ROOT" <<'PY'
import glob, sys, xml.etree.ElementTree as E
ran = failed = skipped = 0
for name in glob.glob(sys.argv[1] + "/*/target/surefire-reports/TEST-*.xml"):
    suite = E.parse(name).getroot()
    ran += int(suite.get("tests"))
    failed += int(suite.get("failures")) + int(suite.get("errors"))
    skipped += int(suite.get("skipped"))
print(f"{ran - failed - skipped} passed, {failed} failed, {skipped} skipped")
PY
}
