#!/bin/sh
# Compares what `pipetrain plan` predicts with what `pipetrain bench` measures, for some schedules one after the other
# on this machine: step, and tensor memory of the fullest rank. Without arguments: bench_mid at 1f1b and zb-h1 on 2
# ranks.
#   scripts/plan_check.sh [CONFIG [RANKS [SCHEDULE]...]]
# Environment:
#   PIPETRAIN   the program
#   STEPS       timed steps of each bench, default 3
#   SET         more options for both, such as "--set train.batch_size=16"
#   RECOMPUTE   values of pipeline.recompute to go through, default none: "none attention full"
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
pipetrain=${PIPETRAIN:-$here/build/app/pipetrain}
config=${1:-$here/configs/bench_mid.yaml}
ranks=${2:-2}
if [ $# -gt 2 ]; then shift 2; else set -- 1f1b zb-h1; fi
mpirun=$(dirname "$pipetrain")/mpirun   # of a build folder, where it is the one that belongs to it
[ -x "$mpirun" ] || mpirun=mpirun
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

compare='
import json, sys
plan, bench = (json.load(open(file)) for file in sys.argv[2:4])
predicted, measured = plan["configured"], bench
tensors, held = max(predicted["tensor_bytes"]), max(measured["tensor_bytes"])
print("%-21s step %8.3f s predicted %8.3f s measured, ratio %.3f; bubble %4.1f%% %4.1f%%; tensors %7.1f MB %7.1f MB, ratio %.3f" % (
    sys.argv[1], predicted["step_seconds"], measured["step_seconds"],
    predicted["step_seconds"] / measured["step_seconds"], 100 * predicted["bubble_fraction"],
    100 * measured["bubble_fraction"], tensors / 1e6, held / 1e6, tensors / held))
'
run() { "$mpirun" -np "$ranks" "$pipetrain" "$@" --config "$config" --format json; }

for schedule in "$@"; do
  for recompute in ${RECOMPUTE:-none}; do
    # shellcheck disable=SC2086  # several options in one word
    set -- --set "pipeline.schedule=$schedule" --set "pipeline.recompute=$recompute" ${SET:-}
    run plan --ranks "$ranks" "$@" >"$folder/plan.json"
    run bench --steps "${STEPS:-3}" "$@" >"$folder/bench.json"
    python3 -c "$compare" "$schedule, $recompute" "$folder/plan.json" "$folder/bench.json"
  done
done
