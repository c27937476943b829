#!/usr/bin/env bash
# Installs, builds and runs all tests; the last line is "N passed, N failed". Arguments go to `meson test`:
# scripts/test.sh --suite mpi
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
if ! set_up all; then
  say "The build failed"
  echo "0 passed, 1 failed"
  exit 1
fi
results="$build/meson-logs/testlog.json"
rm -f "$results"
status=0
meson test -C "$build" --no-rebuild --print-errorlogs "$@" || status=$?
count() { grep -cE "\"result\": \"($1)\"" "$results" 2>/dev/null || true; }
passed=$(count 'OK|EXPECTEDFAIL') skipped=$(count SKIP) total=$(count '[A-Z]+')
failed=$((${total:-0} - ${passed:-0} - ${skipped:-0}))
[ "${skipped:-0}" -eq 0 ] || echo "$skipped skipped"
echo "${passed:-0} passed, $failed failed"
[ "$failed" -eq 0 ] || exit 1
exit "$status"
