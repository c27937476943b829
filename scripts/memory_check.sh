#!/usr/bin/env bash
# What each run says at its start that every rank's tensors will take, against what they then take, and what the
# processes take beside them: scripts/memory_check.sh [RANKS] [CONFIG...] installs, builds, and runs a few steps of
# each configuration under four schedules. Default: 4 ranks, GPT-2 with a batch of 4 rows and ResNet-18 with a batch
# of 32 images.
#   scripts/memory_check.sh --recompute [ROUNDS]
# compares values of pipeline.recompute instead: bench_mid under 1f1b on 2 ranks of one thread, each value once a round
# (default: 5 rounds), in float32 and, where the processor has it, bfloat16. It prints the median step, its ratio to
# that of `none` (median of the rounds' ratios) and rank 0's memory. STEPS is the timed steps of a run (default 3).
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
# shellcheck disable=SC2119  # everything, no target alone
set_up || exit 1

summary='
import json, sys
from statistics import median
runs = [json.loads(line) for line in sys.stdin]
words = list(dict.fromkeys(run["recompute"] for run in runs))
steps = {word: [run["step_seconds"] for run in runs if run["recompute"] == word] for word in words}
for word in words:
    own = [run for run in runs if run["recompute"] == word]
    resident = [run["resident_bytes"][0] / 1e6 for run in own]
    print("%-8s %-9s  step %7.3f s, ratio %.3f  rank 0: resident %.1f MB (%.1f to %.1f), tensors %.1f MB" % (
        sys.argv[1], word, median(steps[word]), median(b / a for a, b in zip(steps[words[0]], steps[word])),
        median(resident), min(resident), max(resident), median(run["tensor_bytes"][0] for run in own) / 1e6))
'
name='import json, sys; print(json.dumps(json.load(sys.stdin) | {"recompute": sys.argv[1]}))'
compare_recompute() {  # ROUNDS
  local precision round word
  for precision in float32 bfloat16; do
    [ "$precision" = float32 ] || grep -q avx512_bf16 /proc/cpuinfo || continue
    for ((round = 0; round < $1; round++)); do
      for word in none cheap selective; do
        OMP_NUM_THREADS=1 mpi_run -np 2 "$build/app/pipetrain" bench --config "$root/configs/bench_mid.yaml" \
          --steps "${STEPS:-3}" --set "train.precision=$precision" --set "pipeline.recompute=$word" --format json |
          python3 -c "$name" "$word"
      done
    done | python3 -c "$summary" "$precision"
  done
}
if [ "${1:-}" = --recompute ]; then
  compare_recompute "${2:-5}"
  exit
fi

ranks=${1:-4}
shift || true

compare='
import json, sys
bench = json.load(sys.stdin)
foreseen, tensors, resident = (bench[key] for key in ("tensor_bytes_foreseen", "tensor_bytes", "resident_bytes"))
print("%-28s %-12s foreseen / taken %s  beside tensors at most %.1f MB" % (
    sys.argv[1], sys.argv[2], " ".join("%.3f" % (f / t) for f, t in zip(foreseen, tensors)),
    max(r - t for r, t in zip(resident, tensors)) / 1e6))
'
check() {  # CONFIG OPTION...
  local config=$1 schedule
  shift
  for schedule in gpipe 1f1b interleaved zb-h1; do
    mpi_run -np "$ranks" "$build/app/pipetrain" bench --config "$config" --schedule "$schedule" "$@" --steps 1 --format json |
      python3 -c "$compare" "$(basename "$config")" "$schedule"
  done
}
if [ $# -gt 0 ]; then
  for config in "$@"; do check "$config"; done
else
  check "$root/configs/bench_gpt2.yaml" --set train.batch_size=4 --microbatches 4
  # 72 samples train: two whole batches and a short one.
  check "$root/configs/resnet18.yaml" --set train.batch_size=32 --microbatches 4 --set data.samples=80
fi
