# Builds only when something that goes into the program changed since the last build.
# GANTRY_BUILT names a program that is built already, elsewhere or by somebody who waits for us: then nothing is built.
BUILT=${GANTRY_BUILT:-$GANTRY_ROOT/.gantry/built}

program_sources() { # more tests of find's
  (cd "$GANTRY_ROOT" && find pom.xml ./*/pom.xml ./*/src/main tools/sh/build.sh tools/sh/run.sh tools/jars "$@")
}

# What the sources are now: names, sizes and times; a second is enough to tell two edits apart since sizes count too.
sources_state() { (cd "$GANTRY_ROOT" && program_sources -type f -print | LC_ALL=C sort | xargs -r stat -c '%n %s %Y' | cksum); }

# Whether nothing was changed, added, renamed or removed since the last look, by the times that the kernel keeps and nobody sets
# back: every command asks this first, and it is one process instead of a chain of them.
untouched() { [ -r "$BUILT/state" ] && [ -z "$(program_sources -cnewer "$BUILT/state" -print -quit)" ]; }

# Asks the network only until all that this goal wants was fetched once: tests want more than the program does.
maven() { # goal, more of Maven's arguments
  need_jdk
  need_maven
  local offline= resolved=.gantry/resolved-$1
  [ -e "$GANTRY_ROOT/$resolved" ] && [ -z "$(cd "$GANTRY_ROOT" && find pom.xml ./*/pom.xml -newer "$resolved")" ] && offline=-o
  (cd "$GANTRY_ROOT" && mvn -B -ntp $offline "$@")
}

build() {
  local state
  [ -d "$GANTRY_ROOT/app/src" ] || return 0 # an installed program has no sources
  [ -z "${GANTRY_BUILT:-}" ] || return 0
  untouched && return
  local looked=$GANTRY_ROOT/.gantry/looked # what changes from here on is for the next look
  : >"$looked"
  state=$(sources_state)
  if [ -r "$BUILT/state" ] && [ "$state" = "$(cat "$BUILT/state")" ]; then
    touch -r "$looked" "$BUILT/state"
    return
  fi
  need_jdk
  say "building (JDK at $JDK)"
  local began=$SECONDS
  rm -rf "$GANTRY_ROOT/app/target/lib" # the jars of an earlier build would stay among those of this one
  maven package -q -T2 -Dmaven.test.skip=true -pl app -am >"$GANTRY_ROOT/.gantry/build.log" 2>&1 || {
    grep -E 'ERROR|error:' "$GANTRY_ROOT/.gantry/build.log" | head -n 30 >&2
    die "the build failed; all of it is in .gantry/build.log"
  }
  touch "$GANTRY_ROOT/.gantry/resolved-package"
  rm -rf "$BUILT.new"
  mkdir -p "$BUILT.new"
  "$JDK/bin/java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "$GANTRY_ROOT/tools/jars/Jars.java" "$BUILT.new" \
    "$GANTRY_ROOT"/app/target/app-*.jar "$GANTRY_ROOT"/app/target/lib/*.jar >>"$GANTRY_ROOT/.gantry/build.log" 2>&1 ||
    die "the jars could not be put together; .gantry/build.log says why"
  rm -rf "$BUILT"
  mv "$BUILT.new" "$BUILT"
  make_start_cache "$JDK" "$BUILT"
  echo "$state" >"$BUILT/state"
  touch -r "$looked" "$BUILT/state"
  say "built in $((SECONDS - began)) s"
}

# Trains the start-up cache: one short run of the very program, whose loaded and linked classes the next starts reuse.
make_start_cache() { # JDK, folder of the program's jars
  local java=$1/bin/java folder=$2
  jvm_options "$folder"
  (use_classpath "$folder" && cd "$folder" && GANTRY_ENGINE=simulated "$java" "${JVM_OPTIONS[@]}" -XX:AOTCacheOutput=gantry.aot gantry.app.Main train) \
    >"$GANTRY_ROOT/.gantry/train.log" 2>&1 || {
    rm -f "$folder/gantry.aot"
    say "no start-up cache could be made (.gantry/train.log says why): starting will take longer"
  }
}
