#!/usr/bin/env bash
# Where the time goes from mpirun to the end of the first step, and what memory a rank takes beside its tensors:
#   scripts/start_time.sh [TEXT] [RANKS...]     default: 4 16 64
# Up to 4 ranks train configs/shakespeare.yaml on TEXT, more of them a model of 80 small layers, without the evaluation
# before the first step (see its cost with `--log-level debug` in a run of your own). Figures mean something where the
# machine has nothing else to do.
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up app/pipetrain
folder=$(mktemp -d)
trap 'rm -rf "$folder" "$log"' EXIT
text=$(realpath "${1:-$folder/text.txt}")
[ -n "${1:-}" ] || awk 'BEGIN { for (i = 0; i < 30000; ++i) print "line " i * i " of the text." }' >"$text"
cat >"$folder/deep.yaml" <<'END'
model: {preset: gpt, depth: 40, heads: 2, width: 64, context: 64}
pipeline: {schedule: 1f1b, microbatches: 64}
train: {batch_size: 64}
END

for ranks in "${@:2}"; do [ "$ranks" -ge 1 ] || exit 2; done
for ranks in $([ $# -gt 1 ] && echo "${@:2}" || echo 4 16 64); do
  config=$root/configs/shakespeare.yaml
  [ "$ranks" -le 4 ] || config=$folder/deep.yaml
  echo "$ranks ranks, $(basename "$config")"
  mpi_run -np "$ranks" "$build/app/pipetrain" --config "$config" --set "data.path=$text" --set train.steps=1 \
    --set train.eval_every=0 --set train.checkpoint_every=0 --output "$folder/run$ranks" --no-progress \
    --log-level debug </dev/null >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
  sed -n 's/^[0-9:]* debug //p' "$folder/log"
done
