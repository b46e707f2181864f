# How the script speaks: progress on standard error, so that standard output stays for what was asked.
say() { printf '\033[2mgantry:\033[0m %s\n' "$*" >&2; }
die() { printf 'gantry: %s\n' "$*" >&2; exit 1; }
is_root() { [ "$EUID" = 0 ]; }
has() { command -v "$1" >/dev/null 2>&1; }
# Debian and its children: where we may install what is missing.
is_debian() { [ -r /etc/os-release ] && grep -qE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release && has apt-get; }

APT_UPDATED=
# install PURPOSE PACKAGE...: by apt, where that is possible; false where it is not.
install_packages() {
  local purpose=$1
  shift
  is_root && is_debian || return 1
  if [ -z "$APT_UPDATED" ]; then
    say "reading Debian's package lists"
    apt-get update -qq >/dev/null 2>&1 || true
    APT_UPDATED=1
  fi
  say "installing $* ($purpose)"
  # Debian starts a service that it installs: nginx, redis and their like would take the ports of this machine. What is to run we start.
  local policy=/usr/sbin/policy-rc.d ours= package status=0
  [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy && ours=1; }
  # One package that is not to be had here would keep apt from all the others.
  apt_install "$@" || for package; do
    apt_install "$package" || {
      status=1
      say "apt could not install $package; the last lines of .gantry/apt.log:"
      tail -n 3 "$GANTRY_ROOT/.gantry/apt.log" >&2
    }
  done
  [ -z "$ours" ] || rm -f $policy
  return $status
}
apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >"$GANTRY_ROOT/.gantry/apt.log" 2>&1
}
[ -d "$GANTRY_ROOT/.gantry" ] || mkdir -p "$GANTRY_ROOT/.gantry"
