#!/usr/bin/env bash
# What each run says at its start that every rank's tensors will take, against what they then take, and what the
# processes take beside them: scripts/memory_check.sh [RANKS] [CONFIG...] installs, builds, and runs a few steps of
# each configuration under four schedules. Default: 4 ranks, GPT-2 with a batch of 4 rows and ResNet-18 with a batch
# of 32 images.
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up || exit 1
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
