# ./gantry demo: the example system; starts the program first when none runs, with policies enforced so that roles mean something.

demo() {
  local word data=()
  build
  for word in "$@"; do
    case "$word" in --data=*) data=("$word") ;; esac
  done
  if [ "${1:-}" != --help ] && ! run_quietly status "${data[@]}"; then
    case "${1:-}" in
      roll | kill | break | clean) ;; # nothing runs: the command says so
      *)
        ready_for_up
        has mmdebstrap || docker image inspect gantry-demo/base >/dev/null 2>&1 ||
          install_packages "what a Debian image is made with, should no registry answer" mmdebstrap || true
        (run_program up --detach --iam enforce "${data[@]}")
        ;;
    esac
  fi
  run_program demo "$@"
}

run_quietly() { (run_program "$@") >/dev/null 2>&1; }
