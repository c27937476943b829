#!/usr/bin/env bash
# Installs, builds and runs all tests; the last line is "N passed, N failed". Arguments go to `meson test`:
#   scripts/test.sh --suite mpi
# With sanitizers, in a build folder of their own, where every finding ends a test:
#   scripts/test.sh --sanitize [...]          all tests, for addresses, leaks and undefined behaviour
#   scripts/test.sh --sanitize thread [...]   the tests whose ranks are threads of one process, for data races
source_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
targets=(all) tests=()
if [ "${1:-}" = --sanitize ]; then
  shift
  sanitizers=address,undefined folder=build-sanitize
  if [ "${1:-}" = thread ]; then
    shift
    sanitizers=thread folder=build-thread
    targets=(tests/comm/test_comm tests/pipeline/test_pipeline tests/setup/test_setup tests/train/test_train)
    tests=(comm pipeline setup train)
  fi
  PIPETRAIN_BUILD=${PIPETRAIN_BUILD:-$source_root/$folder}
  PIPETRAIN_MESON="-Dbuildtype=debugoptimized -Db_sanitize=$sanitizers -Dcpp_args=-fno-sanitize-recover=undefined"
  suppressions=$source_root/tests/sanitize
  export ASAN_OPTIONS=detect_leaks=1:fast_unwind_on_malloc=0 UBSAN_OPTIONS=print_stacktrace=1
  export LSAN_OPTIONS=suppressions=$suppressions/leaks.supp:print_suppressions=0
  export TSAN_OPTIONS=suppressions=$suppressions/threads.supp:halt_on_error=1
  export PIPETRAIN_TEST_PATIENCE=4   # all takes longer
  tests=(-t "$PIPETRAIN_TEST_PATIENCE" "${tests[@]}")
fi
case " ${PIPETRAIN_MESON:-} " in
  *" -Dbuildtype=debug "*) export PIPETRAIN_TEST_PATIENCE=4 ;;   # not optimized
esac
# shellcheck source=setup.sh
source "$source_root/scripts/setup.sh"
if ! set_up "${targets[@]}"; then
  say "The build failed"
  echo "0 passed, 1 failed"
  exit 1
fi
results="$build/meson-logs/testlog.json"
rm -f "$results"
status=0
meson test -C "$build" --no-rebuild --print-errorlogs "${tests[@]}" "$@" || status=$?
count() { grep -cE "\"result\": \"($1)\"" "$results" 2>/dev/null || true; }
passed=$(count 'OK|EXPECTEDFAIL') skipped=$(count SKIP) total=$(count '[A-Z]+')
failed=$((${total:-0} - ${passed:-0} - ${skipped:-0}))
[ "${skipped:-0}" -eq 0 ] || echo "$skipped skipped"
echo "${passed:-0} passed, $failed failed"
[ "$failed" -eq 0 ] || exit 1
exit "$status"
