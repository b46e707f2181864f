# Finds a JDK 25 (or newer) whatever the default java is.
JDK_WANTED=25

jdk_version() { # of the JDK in folder $1, its major version; nothing where there is none
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 0
  sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
}

find_jdk() {
  local candidate version
  for candidate in "${GANTRY_JAVA_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/jdk* /opt/java/* "$HOME"/.sdkman/candidates/java/* \
    "$HOME"/.jdks/* /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    [ -n "$candidate" ] || continue
    version=$(jdk_version "$candidate")
    if [ -n "$version" ] && [ "$version" -ge $JDK_WANTED ]; then
      echo "$candidate"
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
  JDK=$(find_jdk)
  if [ -z "$JDK" ]; then
    install_packages "a JDK $JDK_WANTED to build and run with" openjdk-$JDK_WANTED-jdk-headless >/dev/null 2>&1 || true
    JDK=$(find_jdk)
  fi
  [ -n "$JDK" ] || die "no JDK $JDK_WANTED or newer was found. Get one from https://adoptium.net (Debian and Ubuntu: package temurin-$JDK_WANTED-jdk of its repository), then run this again; GANTRY_JAVA_HOME names one in an unusual place"
  export JDK JAVA_HOME=$JDK
}

need_maven() {
  has mvn || install_packages "Maven, which builds the program" maven || true
  has mvn || die "Maven (mvn, 3.8 or newer) is missing. Debian and Ubuntu: apt-get install maven; elsewhere: https://maven.apache.org"
}
