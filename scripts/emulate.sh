#!/usr/bin/env bash
# Every schedule, simulated and measured: scripts/emulate.sh [RANKS [M]] [OPTION...] installs, builds, and runs them
# all on 16 ranks with 32 microbatches whose F, I and W take 20 ms each. Further arguments go to pipetrain emulate;
# `--schedule NAME` among them measures that one alone.
# "work" near 1 says that ranks woke in time. Where real-time scheduling is allowed they do whatever else runs;
# elsewhere the measured step means something if the machine has nothing else to do.
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up app/pipetrain
first=()
if chrt --rr 1 true 2>/dev/null; then first=(chrt --rr 1); fi
schedules=(--schedule all)
if [[ " ${*:3} " == *" --schedule"[\ =]* ]]; then schedules=(); fi
"${first[@]}" "$build/app/mpirun" -np "${1:-16}" "$build/app/pipetrain" emulate "${schedules[@]}" --microbatches "${2:-32}" "${@:3}"
