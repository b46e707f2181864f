# ./gantry dist --image: the archive on top of a small Debian, as a container image for machines where only Docker is to be had.

IMAGE_NAME=gantry:latest
IMAGE_PACKAGES=iproute2,nftables,conntrack,iptables

# What the image holds besides the program: Debian's essential packages and what moves packets. No registry is asked.
debian_base() { # FILE: the tar to write
  has mmdebstrap || install_packages "what makes an image from Debian packages" mmdebstrap || die "dist --image needs mmdebstrap (Debian and Ubuntu: apt-get install mmdebstrap)"
  local suite sources
  suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  [ -n "$suite" ] || die "dist --image is made on Debian or Ubuntu, whose packages go into it"
  sources=$(find /etc/apt -name '*.sources' -o -name 'sources.list' -size +0 | LC_ALL=C sort | head -n 1)
  say "making a small Debian ($suite)"
  # The mirror is this machine's own affair, so the image does not name it.
  mmdebstrap --quiet --variant=essential --include=$IMAGE_PACKAGES \
    --customize-hook='rm -rf "$1"/etc/apt/sources.list* "$1"/usr/share/doc "$1"/usr/share/man "$1"/usr/share/locale "$1"/var/log/apt "$1"/etc/apt/apt.conf.d/*proxy*' \
    "$suite" "$1" "$sources" >"$GANTRY_ROOT/.gantry/image.log" 2>&1 || die "mmdebstrap failed; .gantry/image.log says why"
}

make_image() {
  docker_answers || die "dist --image needs a Docker that answers: the image goes into it"
  make_dist
  local work archive
  archive=$(find "$GANTRY_ROOT/target/dist" -maxdepth 1 -type d -name 'gantry-*-linux-*' | head -n 1)
  work=$(mktemp -d)
  if [ -n "${GANTRY_IMAGE_BASE:-}" ]; then cp "$GANTRY_IMAGE_BASE" "$work/image.tar"; else debian_base "$work/image.tar"; fi
  say "adding the program"
  tar -C "$(dirname "$archive")" --owner=0 --group=0 --numeric-owner --transform "s:^$(basename "$archive"):opt/gantry:S" -rf "$work/image.tar" "$(basename "$archive")"
  docker import --change 'ENTRYPOINT ["/opt/gantry/gantry"]' --change 'CMD ["up"]' --change 'ENV GANTRY_HOME=/var/lib/gantry GANTRY_IN_CONTAINER=1' \
    "$work/image.tar" $IMAGE_NAME >/dev/null
  rm -r "$work"
  say "made the image $IMAGE_NAME ($(docker image inspect --format '{{.Size}}' $IMAGE_NAME | numfmt --to=iec)); start it with"
  say "  docker run --privileged --pid=host --network=host -v /var/run/docker.sock:/var/run/docker.sock $IMAGE_NAME"
}

# up without root: the program is root in a container instead, which is all that whoever may use Docker can give it.
up_in_container() {
  docker image inspect $IMAGE_NAME >/dev/null 2>&1 || return 1
  local name arguments=() argument detach= terminal=()
  name=gantry-$(id -un)
  for argument in "$@"; do
    case "$argument" in
      --detach) detach=1 ;;
      --data | --data=*) die "up in a container keeps its data in the volume $name; --data is for root" ;;
      *) arguments+=("$argument") ;;
    esac
  done
  docker rm "$name" >/dev/null 2>&1 || true # one that has ended
  # GANTRY_PRIVILEGES: for an engine that may not give all (it runs in a container itself), what it gives instead.
  local privileges
  read -ra privileges <<<"${GANTRY_PRIVILEGES:---privileged}"
  local run=(docker run --name "$name" "${privileges[@]}" --pid=host --network=host -v /var/run/docker.sock:/var/run/docker.sock -v "$name:/var/lib/gantry")
  if [ -z "$detach" ]; then
    [ -t 0 ] && terminal=(-it)
    exec "${run[@]}" --rm "${terminal[@]}" $IMAGE_NAME up "${arguments[@]}"
  fi
  "${run[@]}" -d $IMAGE_NAME up "${arguments[@]}" >/dev/null
  local tries=0
  until docker logs "$name" 2>/dev/null | grep -q 'export AWS_ENDPOINT_URL'; do
    tries=$((tries + 1))
    [ "$(docker inspect --format '{{.State.Running}}' "$name" 2>/dev/null)" = true ] && [ $tries -lt 120 ] || {
      docker logs "$name" >&2
      return 1
    }
    sleep 0.5
  done
  docker logs "$name" 2>/dev/null
}

# Whether this user's program runs in a container; the other commands then run in it too.
in_container_runs() {
  ! is_root && has docker && [ "$(docker inspect --format '{{.State.Running}}' "gantry-$(id -un)" 2>/dev/null)" = true ]
}

# The program's files are in the container; the aws CLI is the user's own.
run_in_container() {
  local command=$1
  shift
  if [ "$command" = aws ]; then
    eval "$(docker exec "gantry-$(id -un)" /opt/gantry/gantry env)"
    exec aws "$@"
  fi
  docker exec "gantry-$(id -un)" /opt/gantry/gantry "$command" "$@"
}

# The container ends with the program in it, and with the container the command that ended it.
down_in_container() {
  local name argument
  name=gantry-$(id -un)
  # Docker's client may wait for ever for a command whose container has ended, so it is the container that is waited for.
  docker exec "$name" /opt/gantry/gantry down "$@" &
  local asked=$!
  while in_container_runs; do
    kill -0 $asked 2>/dev/null || return 1
    sleep 0.3
  done
  kill $asked 2>/dev/null || true
  docker rm "$name" >/dev/null 2>&1 || true
  for argument in "$@"; do
    if [ "$argument" = --purge ]; then docker volume rm "$name" >/dev/null && say "removed the volume $name"; fi
  done
}
