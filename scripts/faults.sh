#!/usr/bin/env bash
# What a run survives: ranks killed at random moments (TIMES of them, default 50), dying or stopped ranks, and a full
# disk; and that it does not start where a rank does not see its folder. Prints what happened each time and a summary;
# fails if anything was lost.
#   scripts/faults.sh [TIMES]
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up app/pipetrain
export PYTHONDONTWRITEBYTECODE=1
failed=0
fault() {
  local status=0
  echo "== $1"
  python3 "$root/tests/cli/$1.py" "$build/app/pipetrain" "$build/app/mpirun" "${@:2}" || status=$?
  [ "$status" -eq 0 ] || [ "$status" -eq 77 ] || failed=1
}
fault faults
fault disk_full
fault not_shared
fault kill_ranks "${1:-50}"
exit "$failed"
