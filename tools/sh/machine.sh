# Gets a machine ready: Docker, nftables, iproute2. Says what it does; where it cannot, says so in one line.

NODE_PROGRAMS="ip:iproute2 nft:nftables conntrack:conntrack iptables:iptables"

# In the image there is no docker client; the socket that it was started with is enough.
docker_answers() {
  if has docker; then docker version --format '{{.Server.Version}}' >/dev/null 2>&1; else [ -n "${GANTRY_IN_CONTAINER:-}" ] && [ -S /var/run/docker.sock ]; fi
}

# Whether process $2 is program $1 and alive.
is_running() {
  local stat
  { read -r stat <"/proc/$2/stat"; } 2>/dev/null || return 1
  case "$stat" in *" ($1) Z "*) return 1 ;; *" ($1) "*) return 0 ;; *) return 1 ;; esac
}

# The engine of this machine is alive and can be reached. Asking it anything by its client takes a good part of a start, and
# whether it answers the program sees for itself.
docker_lives() {
  local pid=
  [ -z "${DOCKER_HOST:-}" ] && [ -S /var/run/docker.sock ] && { read -r pid </var/run/docker.pid || [ -n "$pid" ]; } 2>/dev/null &&
    is_running dockerd "$pid"
}

# Where no service manager runs (containers, CI) we start the engine ourselves and remember that, for `down`.
start_docker() {
  say "starting Docker"
  if [ -d /run/systemd/system ] && systemctl start docker >/dev/null 2>&1; then
    :
  else
    # An engine that was killed leaves its number behind, which may be somebody else's by now.
    [ ! -e /var/run/docker.pid ] || is_running dockerd "$(cat /var/run/docker.pid)" || rm -f /var/run/docker.pid
    local inner=/var/run/docker/containerd/containerd.pid
    [ ! -e $inner ] || is_running containerd "$(cat $inner)" || rm -f $inner
    STARTED_DOCKER=1
    BEFORE_DOCKER=$(what_docker_makes)
    (setsid nohup dockerd >"$GANTRY_ROOT/.gantry/dockerd.log" 2>&1 & echo $! >"$GANTRY_ROOT/.gantry/dockerd.pid")
  fi
  local tries=0
  until docker_answers; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || return 1
    sleep 0.5
  done
}

# What an engine makes on the machine and leaves there when it ends.
what_docker_makes() {
  [ ! -e /sys/class/net/docker0 ] || echo "link docker0"
  nft list tables 2>/dev/null | grep -xE 'table ip (nat|filter)' || true
}

# Ends the engine that this very command started; one that was there before stays. What it leaves goes too, where it was not
# there before.
STARTED_DOCKER=
BEFORE_DOCKER=
stop_docker_if_ours() {
  [ -n "$STARTED_DOCKER" ] || return 0
  local pid= tries=0 kind name
  pid=$(cat "$GANTRY_ROOT/.gantry/dockerd.pid")
  is_running dockerd "$pid" && kill "$pid" && say "stopped the Docker that this started"
  while is_running dockerd "$pid"; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || return 0
    sleep 0.5
  done
  while read -r kind name; do
    grep -qxF "$kind $name" <<<"$BEFORE_DOCKER" && continue
    case "$kind" in
      link) ip link delete "$name" ;;
      table) nft delete table $name ;;
    esac || say "what Docker left could not be removed: $kind $name"
  done <<<"$(what_docker_makes)"
}

# True when tasks can really run here; else WHY_NOT says what is missing.
ready_machine() {
  WHY_NOT=
  if ! is_root; then
    WHY_NOT="not root (networks need it)"
    docker_answers && WHY_NOT="not root, but Docker answers"
    return 1
  fi
  local missing=() pair
  for pair in $NODE_PROGRAMS; do
    has "${pair%%:*}" || missing+=("${pair##*:}")
  done
  has dockerd || docker_answers || missing+=(docker.io)
  if [ ${#missing[@]} -gt 0 ]; then
    install_packages "what tasks run with" "${missing[@]}" || {
      WHY_NOT="missing: ${missing[*]}"
      return 1
    }
  fi
  docker_lives || docker_answers || start_docker || {
    WHY_NOT="Docker does not start (.gantry/dockerd.log)"
    return 1
  }
}

# up: a real engine where it can be had; the simulated one with one clear line where not, unless the user chose.
ready_for_up() {
  local argument
  [ -z "${GANTRY_ENGINE:-}" ] || return 0
  for argument in "$@"; do
    case "$argument" in --engine | --engine=* | --help | -h) return 0 ;; esac
  done
  ready_machine && return
  # Whoever may use Docker may have all of it done by a container that is root.
  if ! is_root && docker_answers; then
    docker image inspect $IMAGE_NAME >/dev/null 2>&1 || (make_image) || true
    if docker image inspect $IMAGE_NAME >/dev/null 2>&1; then
      say "not root, but Docker answers: running in a container (image $IMAGE_NAME)"
      up_in_container "$@"
      exit
    fi
    WHY_NOT="not root, and there is no image $IMAGE_NAME (./gantry dist --image makes it)"
  fi
  say "no containers on this machine: $WHY_NOT. Tasks are simulated (--engine simulated); with root on Debian or Ubuntu, or Docker, nftables and iproute2 installed, they run for real"
  export GANTRY_ENGINE=simulated
}
