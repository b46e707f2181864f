# Finds a JDK 25 (or newer) whatever the default java is.
JDK_WANTED=25

is_jdk() { # whether folder $1 is one that will do
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  local line
  while read -r line; do
    case "$line" in
      JAVA_VERSION=\"*)
        line=${line#*\"}
        [ "${line%%[!0-9]*}" -ge $JDK_WANTED ]
        return
        ;;
    esac
  done <"$1/release"
  return 1
}

find_jdk() { # JDK becomes it; nothing where there is none
  local candidate
  for candidate in "${GANTRY_JAVA_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/jdk* /opt/java/* "$HOME"/.sdkman/candidates/java/* \
    "$HOME"/.jdks/* /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    if [ -n "$candidate" ] && is_jdk "$candidate"; then
      JDK=$candidate
      return
    fi
  done
}

need_jdk() {
  [ -n "${JDK:-}" ] && return
  if [ -x "$GANTRY_ROOT/runtime/bin/java" ]; then # an archive made by ./gantry dist brings its own
    JDK=$GANTRY_ROOT/runtime
    return
  fi
  find_jdk
  if [ -z "${JDK:-}" ]; then
    install_packages "a JDK $JDK_WANTED to build and run with" openjdk-$JDK_WANTED-jdk-headless >/dev/null 2>&1 || true
    find_jdk
  fi
  [ -n "${JDK:-}" ] || die "no JDK $JDK_WANTED or newer was found. Get one from https://adoptium.net (Debian and Ubuntu: package temurin-$JDK_WANTED-jdk of its repository), then run this again; GANTRY_JAVA_HOME names one in an unusual place"
  export JDK JAVA_HOME=$JDK
}

need_maven() {
  has mvn || install_packages "Maven, which builds the program" maven || true
  has mvn || die "Maven (mvn, 3.8 or newer) is missing. Debian and Ubuntu: apt-get install maven; elsewhere: https://maven.apache.org"
}
