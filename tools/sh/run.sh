# Runs the program that was built.

# What is in which, and why so few: tools/jars/Jars.java. It goes by the environment: whoever looks at processes sees the command.
use_classpath() { export CLASSPATH=$1/resources.jar:$1/gantry.jar:$1/models.jar; } # of the program in folder $1

# The cache is mapped where it was made for, so that its pages are neither rewritten nor counted as ours.
# Serial collection and small objects keep an idle program small; the heap may grow as far as the machine allows.
# Native libraries are unpacked once, beside the jars.
# No locale's data but Java's own English: every text here is ours, and SQLite's driver asks for a calendar at each start, for which Java
# would read what all the world calls its days. Reflection is used at starts only, where making code for each use costs more than it saves.
# The compiler begins later than usual, and not with what an earlier run found worth it: of a start it would take more time than all else.
jvm_options() { # folder of the program's jars; JVM_OPTIONS becomes them, without a process of its own
  JVM_OPTIONS=(
    "-Dgantry.native=$1/native" -XX:+UseSerialGC -XX:+UseCompactObjectHeaders -XX:MaxRAMPercentage=50 -XX:-UsePerfData -XX:TieredStopAtLevel=4 -Xss512k
    -XX:+UnlockDiagnosticVMOptions -XX:+IgnoreUnrecognizedVMOptions -XX:ArchiveRelocationMode=0
    -Djava.locale.providers=FALLBACK -Djdk.reflect.useNativeAccessorOnly=true
    -XX:CompileThresholdScaling=4 -XX:-AOTRecordTraining -XX:-AOTReplayTraining
    --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -Xlog:disable -Xlog:all=error:stderr
  )
}

run_program() {
  need_jdk
  jvm_options "$BUILT"
  use_classpath "$BUILT"
  [ -e "$BUILT/gantry.aot" ] && JVM_OPTIONS+=("-XX:AOTCache=$BUILT/gantry.aot")
  # shellcheck disable=SC2086
  exec "$JDK/bin/java" "${JVM_OPTIONS[@]}" ${GANTRY_JVM_OPTIONS:-} gantry.app.Main "$@"
}
