# ./gantry test: everything; --fast: what needs neither Docker nor other people's programs, nor minutes of the processors
# (tag `many`); --long: also the systems that are deployed, rolled and broken for minutes under load (tag `long`).

CLIENT_PROGRAMS="curl:curl openssl:openssl ps:procps skopeo:skopeo redis-server:redis-server nginx:nginx wrk:wrk dig:dnsutils mmdebstrap:mmdebstrap busybox:busybox-static python3:python3 pip3:python3-pip node:nodejs npm:npm chromium:chromium go:golang-go musl-gcc:musl-tools unbound:unbound docker-registry:docker-registry"

run_tests() {
  local fast= long=" & !long" began=$SECONDS status=0
  [ "${1:-}" = --fast ] && { fast=1; shift; }
  [ "${1:-}" = --long ] && { long=; shift; }
  need_jdk
  need_maven
  # A reader of the results sees each module's own line; our last line adds them up.
  find "$GANTRY_ROOT" -path '*/target/surefire-reports/*.xml' -delete 2>/dev/null || true
  say "tests that need nothing but Java"
  maven verify -T2 --fail-at-end -DexcludedGroups=docker,client,many "$@" >"$GANTRY_ROOT/.gantry/test-fast.log" 2>&1 || status=1
  test_lines "$GANTRY_ROOT/.gantry/test-fast.log"
  [ $status = 0 ] && [ $# = 0 ] && touch "$GANTRY_ROOT/.gantry/resolved-verify"
  say "the fast tests took $((SECONDS - began)) s"
  if [ -z "$fast" ] && [ $status = 0 ]; then
    local groups="docker | client | many" skipped=
    if ! ready_machine; then
      say "SKIPPED: every test that runs containers: $WHY_NOT"
      groups="client | many" skipped=docker
    fi
    local pair missing=()
    for pair in $CLIENT_PROGRAMS; do has "${pair%%:*}" || missing+=("${pair##*:}"); done
    aws_cli_2 || missing+=(awscli)
    # A folder of its own for boto3 wants a part of Python that Debian keeps apart.
    python3 -c 'import ensurepip' >/dev/null 2>&1 || missing+=(python3-venv)
    [ ${#missing[@]} = 0 ] || install_packages "clients and servers that the tests use" "${missing[@]}" ||
      say "SKIPPED: tests of the clients that are still missing, of ${missing[*]}"
    newer_go || say "SKIPPED: what the SDK for Go does: it asks for Go $GO_WANTED or newer"
    build
    say "tests with containers and real clients"
    maven verify --fail-at-end -Dgroups="($groups)$long" ${skipped:+-DexcludedGroups=$skipped} "$@" >"$GANTRY_ROOT/.gantry/test-real.log" 2>&1 || status=1
    test_lines "$GANTRY_ROOT/.gantry/test-real.log"
  fi
  stop_docker_if_ours
  test_summary
  say "all took $((SECONDS - began)) s"
  return $status
}

# Debian has version 2, which the tests want to see beside whatever `aws` a machine has first on its path.
aws_cli_2() {
  local aws
  for aws in /usr/bin/aws aws; do case $("$aws" --version 2>&1) in aws-cli/2.*) return ;; esac; done
  return 1
}

# The SDK for Go asks for a newer Go than Debian has. Go's own module proxy has it, as a module like any other.
GO_WANTED=1.24
GO_MODULE=golang.org/toolchain
GO_VERSION=v0.0.1-go1.25.14.linux-amd64

newer_go() {
  local own=$GANTRY_ROOT/.gantry/clients/go$GO_WANTED
  [ -x "$own/bin/go" ] && export PATH="$own/bin:$PATH"
  has go || return 1
  [ "$(printf '%s\n' $GO_WANTED "$(go env GOVERSION | sed 's/^go//')" | sort -V | head -n 1)" = $GO_WANTED ] && return
  [ "$(uname -sm)" = "Linux x86_64" ] && has curl || return 1
  say "getting Go ${GO_VERSION#*-go} from Go's module proxy"
  local proxy
  proxy=$(go env GOPROXY)
  mkdir -p "$own.part"
  curl -fsSL --max-time 300 -o "$own.zip" "${proxy%%[,|]*}/$GO_MODULE/@v/$GO_VERSION.zip" &&
    python3 -m zipfile -e "$own.zip" "$own.part" && rm -f "$own.zip" || return 1
  mv "$own.part/$GO_MODULE@$GO_VERSION" "$own" && rm -rf "$own.part"
  chmod +x "$own"/bin/* "$own"/pkg/tool/*/*
  export PATH="$own/bin:$PATH"
}

test_lines() {
  grep -E '^\[(INFO|ERROR|WARNING)\] +(Tests run:|Building Gantry|[A-Za-z]+Test\.|  [A-Za-z]+.*»)|BUILD|ERROR' "$1" | grep -vE 'Help 1|re-run Maven|^\[ERROR\] *$' | head -n 200
}

test_summary() {
  find "$GANTRY_ROOT" -path '*/target/surefire-reports/TEST-*.xml' -exec grep -hm1 '<testsuite ' {} + | awk '
    function of(name) { return match($0, " " name "=\"[0-9]+") ? substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3) : 0 }
    { ran += of("tests"); failed += of("failures") + of("errors"); skipped += of("skipped") }
    END { printf "%d passed, %d failed, %d skipped\n", ran - failed - skipped, failed, skipped }'
}
