#!/usr/bin/env bash
# From a fresh machine to a trained model: installs, builds, trains a small GPT on 4 ranks on this repository's own
# text, and lets it write two lines. Arguments go to pipetrain:
#   scripts/quickstart.sh --schedule gpipe --set train.steps=300
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up app/pipetrain
mpi_run -np 4 "$build/app/pipetrain" --config "$root/configs/quickstart.yaml" "$@"

# Where the run went: the last word of its kind among the arguments, as pipetrain takes it.
run=$root/runs/quickstart
while [ $# -gt 0 ]; do
  case $1 in
    --output) run=${2:-$run} ;;
    --output=*) run=${1#--output=} ;;
    train.output=* | --set=train.output=*) run=${1#*train.output=} ;;
  esac
  shift
done

# write_line PROMPT: the model goes on with it, on one line of a terminal.
write_line() {
  "$build/app/pipetrain" generate --checkpoint "$checkpoint" --prompt "$1" --tokens 90 --temperature 0.6 --seed 7 \
    --log-level warning 2>>"$log" | tr -s '[:space:]' ' ' | cut -c 1-78
  echo
}
checkpoint=$run/checkpoints/best
[ -d "$checkpoint" ] || checkpoint=$(find "$run/checkpoints" -maxdepth 1 -name 'step-*' 2>/dev/null | sort | tail -n 1)
if [ -n "$checkpoint" ]; then
  echo "The trained model writes, from \"A schedule \" and from \"const std::\":"
  write_line "A schedule "
  write_line "const std::"
fi
if [ -f "$run/report.html" ]; then echo "Look at the run in a browser: $run/report.html"; fi
