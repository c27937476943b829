#!/bin/bash
# What a delay of one step costs in loss, and what its correction gives back: the shakespeare setting without a delay,
# with one, and with one that is corrected, all three at once. Prints their validation losses as a table.
#
# usage: scripts/delay_loss.sh TEXT [STEPS [RANKS]]     TEXT: tinyshakespeare.txt; 2000 steps on 1 rank each unless told
set -eu
text=$(realpath "${1:?usage: scripts/delay_loss.sh TEXT [STEPS [RANKS]]}") steps=${2:-2000} ranks=${3:-1}
cd "$(dirname "$0")/.."
[ -x build/app/pipetrain ] || . scripts/setup.sh
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT

# run NAME [--set ...]
run() {
  local name=$1
  shift
  OMP_NUM_THREADS=1 mpirun --map-by :OVERSUBSCRIBE --bind-to none -np "$ranks" build/app/pipetrain --no-progress \
    --config configs/shakespeare.yaml --set data.path="$text" --set train.steps="$steps" \
    --set train.eval_every=$((steps / 4)) --set optimizer.schedule.decay_steps="$steps" \
    --output "$runs/$name" "$@" > "$runs/$name.txt" 2>&1
}

# row NAME TEXT: its validation losses, one for each quarter of the steps
row() {
  printf '| %s |' "$2"
  grep -o '"val_loss":[^,}]*' "$runs/$1/metrics.jsonl" | cut -d: -f2 | tail -4 | xargs printf ' %.4f |'
  echo
}

run none & jobs=($!)
run delay --set pipeline.delay=1 & jobs+=($!)
run nesterov --set pipeline.delay=1 --set pipeline.delay_correction=nesterov & jobs+=($!)
for job in "${jobs[@]}"; do wait "$job" || { cat "$runs"/*.txt; exit 1; }; done

printf '| validation loss after |'
for quarter in 1 2 3 4; do printf ' %d steps |' $((quarter * steps / 4)); done
printf '\n| --- | --- | --- | --- | --- |\n'
row none 'no delay'
# shellcheck disable=SC2016  # Markdown
row delay '`delay: 1`'
# shellcheck disable=SC2016
row nesterov '`delay: 1`, `delay_correction: nesterov`'
