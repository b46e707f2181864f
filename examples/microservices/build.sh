#!/usr/bin/env bash
# Builds the images of the example: build.sh VERSION [NAME...], each as gantry-demo/NAME:VERSION. Says the commands that it runs.
# Where no public registry answers, a Debian of our own is made with mmdebstrap.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
version=${1:?usage: build.sh VERSION [NAME...]}
shift
[ $# -gt 0 ] || set -- web api worker redis
DEBIAN=debian:bookworm-slim
OWN_DEBIAN=gantry-demo/debian:bookworm
PULL_SECONDS=40

# Says the command, and what it said only if it failed.
run() {
  echo "\$ $*"
  local said
  said=$("$@" 2>&1) || { echo "$said" >&2; exit 1; }
}
has_image() { docker image inspect "$1" >/dev/null 2>&1; }

base_of_all() {
  has_image gantry-demo/base && return
  local from=$DEBIAN
  if ! has_image $DEBIAN && ! timeout $PULL_SECONDS docker pull -q $DEBIAN >/dev/null 2>&1; then
    from=$OWN_DEBIAN
    if ! has_image $OWN_DEBIAN; then
      echo "no public registry answers: making a Debian here"
      command -v mmdebstrap >/dev/null || { echo "mmdebstrap is missing: apt-get install mmdebstrap" >&2; exit 1; }
      mmdebstrap --quiet --variant=minbase --include=ca-certificates \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*' bookworm - | docker import - $OWN_DEBIAN >/dev/null
    fi
  fi
  run docker build -q --build-arg DEBIAN=$from -t gantry-demo/base base
}

base_of_all
for name in "$@"; do
  run docker build -q --build-arg "VERSION=$version" -t "gantry-demo/$name:$version" "$name"
done
