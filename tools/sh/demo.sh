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
        (run_program up --detach --iam enforce "${data[@]}")
        ;;
    esac
  fi
  case "${1:-}" in
    --help | roll | kill | break | clean) ;;
    *)
      if is_root && ! has mmdebstrap && ! docker image inspect gantry-demo/base >/dev/null 2>&1; then
        install_packages "what a Debian image is made with, should no registry answer" mmdebstrap || true
      fi
      ;;
  esac
  run_program demo "$@"
}

run_quietly() { (run_program "$@") >/dev/null 2>&1; }
