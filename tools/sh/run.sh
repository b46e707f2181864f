# Runs the program that was built.

# Whoever looks for a resource opens one jar after the other until it is found; so those that hold what a start looks for come first.
classpath() { # the jars in folder $1, ours first, in an order that stays
  local jar first=$1/gantry-app.jar rest=
  for jar in "$1"/*.jar; do
    case "${jar##*/}" in
      gantry-app.jar) ;;
      wire-* | state-* | acs-* | services-* | node-* | traffic-* | sqlite-jdbc-*) first=$first:$jar ;;
      *) rest=$rest:$jar ;;
    esac
  done
  printf '%s' "$first$rest"
}

# The cache is mapped where it was made for, so that its pages are neither rewritten nor counted as ours.
# Serial collection and small objects keep an idle program small; the heap may grow as far as the machine allows.
# Native libraries are unpacked once, beside the jars.
# No locale's data but Java's own English: every text here is ours, and SQLite's driver asks for a calendar at each start, for which Java
# would read what all the world calls its days. Reflection is used at starts only, where making code for each use costs more than it saves.
# The compiler begins later than usual, and not with what an earlier run found worth it: of a start it would take more time than all else.
jvm_options() { # folder of the program's jars
  echo "-Dgantry.native=$1/native" "-XX:+UseSerialGC -XX:+UseCompactObjectHeaders -XX:MaxRAMPercentage=50 -XX:-UsePerfData -XX:TieredStopAtLevel=4 -Xss512k" \
    "-XX:+UnlockDiagnosticVMOptions -XX:+IgnoreUnrecognizedVMOptions -XX:ArchiveRelocationMode=0" \
    "-Djava.locale.providers=FALLBACK -Djdk.reflect.useNativeAccessorOnly=true" \
    "-XX:CompileThresholdScaling=4 -XX:-AOTRecordTraining -XX:-AOTReplayTraining" \
    "--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -Xlog:disable -Xlog:all=error:stderr"
}

run_program() {
  need_jdk
  local cache=
  [ -e "$BUILT/gantry.aot" ] && cache="-XX:AOTCache=$BUILT/gantry.aot"
  # shellcheck disable=SC2046,SC2086
  # The class path goes by the environment: a command line longer than a page cannot be read back, and --detach does that.
  CLASSPATH=$(classpath "$BUILT") exec "$JDK/bin/java" $(jvm_options "$BUILT") $cache ${GANTRY_JVM_OPTIONS:-} gantry.app.Main "$@"
}
