#!/usr/bin/env bash
# Every schedule, simulated and measured: scripts/emulate.sh [RANKS [M]] [OPTION...] installs, builds, and runs them
# all on 16 ranks with 32 microbatches whose F, I and W take 20 ms each. Further arguments go to pipetrain emulate.
# The measured step means something where the machine has nothing else to do: "work" near 1 says so. Ranks take
# precedence over other programs where that is allowed.
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up app/pipetrain
first=()
[ -n "$(nice -n -10 true 2>&1)" ] || first=(nice -n -10)
"${first[@]}" "$build/app/mpirun" -np "${1:-16}" "$build/app/pipetrain" emulate --schedule all --microbatches "${2:-32}" "${@:3}"
