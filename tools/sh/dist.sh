# ./gantry dist: an archive that runs on a machine without a JDK. jlink makes the runtime, the same training run its cache.

# jdk.jfr: Netty asks for the flight recorder at each start, and what is not there is looked for in all jars, 50 ms of CPU.
JAVA_MODULES=java.base,java.logging,java.naming,java.management,java.net.http,java.sql,java.xml,java.security.jgss,java.instrument,jdk.crypto.ec,jdk.httpserver,jdk.jfr,jdk.management,jdk.net,jdk.unsupported,jdk.zipfs,jdk.naming.dns

make_dist() {
  build
  need_jdk
  local version out name
  version=$(sed -n 's:.*<version>\(.*\)</version>.*:\1:p' "$GANTRY_ROOT/pom.xml" | head -n 1)
  name=gantry-${version%-SNAPSHOT}-linux-$(uname -m)
  out=$GANTRY_ROOT/target/dist/$name
  rm -rf "$out"
  mkdir -p "$out/tools/sh" "$out/.gantry"
  say "making the runtime"
  "$JDK/bin/jlink" --add-modules $JAVA_MODULES --strip-debug --no-header-files --no-man-pages --compress zip-6 --output "$out/runtime"
  cp -rp "$BUILT" "$out/.gantry/built"
  rm -f "$out/.gantry/built/gantry.aot"
  cp -p "$GANTRY_ROOT/gantry" "$out/gantry"
  cp -p "$GANTRY_ROOT"/tools/sh/*.sh "$out/tools/sh/"
  cp -p "$GANTRY_ROOT/LICENSE" "$GANTRY_ROOT/README.md" "$out/"
  make_start_cache "$out/runtime" "$out/.gantry/built"
  tar -C "$GANTRY_ROOT/target/dist" -czf "$GANTRY_ROOT/target/dist/$name.tar.gz" "$name"
  say "made target/dist/$name.tar.gz ($(du -h "$GANTRY_ROOT/target/dist/$name.tar.gz" | cut -f1))"
}
