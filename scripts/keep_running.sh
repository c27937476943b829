#!/usr/bin/env bash
# Keeps a training run going where no Slurm does: starts mpirun, and after a rank or a host is lost starts it again
# from the newest checkpoint, on the hosts that still answer.
#   scripts/keep_running.sh HOSTFILE --config my.yaml --output runs/mine [OPTION]...
# HOSTFILE has a line "NAME slots=RANKS" for each host, as mpirun takes it. With fewer ranks than before the pipeline
# becomes shorter and the losses stay the same; where replicas or slices do not go into them, `pipetrain plan` finds
# another grid, with the number of microbatches that the run has had.
#   PIPETRAIN            the program (default: build/app/pipetrain beside this script, else the one on the PATH)
#   PIPETRAIN_MPIRUN     how ranks are started (default: "mpirun --bind-to none")
#   PIPETRAIN_REACH      says of a host, its last word, whether it answers (default: ssh that runs `true`)
#   PIPETRAIN_RESTARTS   how often in a row it starts again without a new checkpoint (default: 5)
#   PIPETRAIN_PAUSE      seconds before it does, doubled each time up to 5 minutes (default: 5)
#   PIPETRAIN_TELL       a command that is called with one line of what has happened (a mail, a message)
# Ends with 0 when the run is done, with 75 after SIGINT or SIGTERM (a checkpoint first), and with pipetrain's own code
# where the same would happen again (2 configuration, 3 data, 4 checkpoint, 5 a loss that is not finite).
set -euo pipefail
usage() { echo "keep_running.sh: $*; expected keep_running.sh HOSTFILE --config FILE --output DIR [OPTION]..." >&2; exit 2; }
whole_number() { [[ $2 =~ ^[0-9]+$ ]] || { echo "keep_running.sh: $1: found '$2'; expected a whole number" >&2; exit 2; }; }

hostfile=${1:-}
[ -n "$hostfile" ] || usage "the file of hosts is missing"
[ -r "$hostfile" ] || usage "cannot read '$hostfile'"
shift
config='' output='' words=("$@")
for ((i = 0; i < ${#words[@]}; ++i)); do
  case ${words[i]} in
    --config) config=${words[i + 1]:-} ;;
    --config=*) config=${words[i]#*=} ;;
    --output) output=${words[i + 1]:-} ;;
    --output=*) output=${words[i]#*=} ;;
  esac
done
[ -n "$config" ] || usage "--config FILE is missing"
[ -n "$output" ] || usage "--output DIR is missing"

if [ -z "${PIPETRAIN:-}" ]; then
  PIPETRAIN=$(dirname "${BASH_SOURCE[0]}")/../build/app/pipetrain
  [ -x "$PIPETRAIN" ] || PIPETRAIN=$(command -v pipetrain) || usage "no pipetrain is built or on the PATH; set PIPETRAIN"
fi
most=${PIPETRAIN_RESTARTS:-5} first_pause=${PIPETRAIN_PAUSE:-5}
whole_number PIPETRAIN_RESTARTS "$most"
whole_number PIPETRAIN_PAUSE "$first_pause"
read -ra start <<<"${PIPETRAIN_MPIRUN:-mpirun --bind-to none}"
read -ra reach <<<"${PIPETRAIN_REACH:-ssh -o BatchMode=yes -o ConnectTimeout=10}"
[ -n "${PIPETRAIN_REACH:-}" ] || reach_word=true
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

tell() {
  echo "keep_running.sh: $*" >&2
  # shellcheck disable=SC2086  # a command and its arguments
  [ -z "${PIPETRAIN_TELL:-}" ] || env $PIPETRAIN_TELL "$*" || echo "keep_running.sh: PIPETRAIN_TELL failed" >&2
}

# The hosts that answer, as a file of hosts; how many ranks they have. Sets `ranks` and `away`.
find_hosts() {
  local line host slots
  : >"$scratch/hosts"
  ranks=0 away=''
  while read -r line; do
    line=${line%%#*}
    read -r host _ <<<"$line"
    [ -n "${host:-}" ] || continue
    slots=1
    [[ ! $line =~ slots=([0-9]+) ]] || slots=${BASH_REMATCH[1]}
    # shellcheck disable=SC2086  # a word or none
    if env "${reach[@]}" "$host" ${reach_word:-} </dev/null >/dev/null 2>&1; then
      echo "$host slots=$slots" >>"$scratch/hosts"
      ranks=$((ranks + slots))
    else
      away+=" $host"
    fi
  done <"$hostfile"
}

# Of parallel.data or parallel.tensor in the run's own configuration.
size() {
  local found
  found=$(sed -n "s/^  $1: *\([1-9][0-9]*\) *\$/\1/p" "$output/config.yaml" 2>/dev/null | head -n 1)
  echo "${found:-1}"
}

# For another number of ranks than at the first start: the configuration with the grid that plan finds, and the
# number of microbatches that the run has had. Sets `grid`.
find_grid() {
  local microbatches
  grid=()
  [ "$ranks" -ne "$first_ranks" ] || return 0
  # A grid whose replicas and slices go into these ranks stays: only its pipeline becomes shorter.
  [ $((ranks % ($(size data) * $(size tensor)))) -ne 0 ] || return 0
  microbatches=$(sed -n 's/^  microbatches: *\([0-9]*\).*/\1/p' "$output/config.yaml" | head -n 1)
  "$PIPETRAIN" plan --config "$output/config.yaml" --ranks "$ranks" --write "$scratch/planned.yaml" >"$scratch/plan" 2>&1 ||
    { tail -n 1 "$scratch/plan" >&2; return 1; }
  grid=(--config "$scratch/planned.yaml" ${microbatches:+--microbatches "$microbatches"})
}

# The words of the command line, but the configuration that find_grid has replaced.
other_words() {
  local i
  kept=()
  for ((i = 0; i < ${#words[@]}; ++i)); do
    if [ ${#grid[@]} -gt 0 ]; then
      case ${words[i]} in
        --config) i=$((i + 1)); continue ;;
        --config=*) continue ;;
      esac
    fi
    kept+=("${words[i]}")
  done
}

newest() { { find "$output/checkpoints" -maxdepth 1 -name 'step-*' 2>/dev/null || true; } | sort | tail -n 1; }

job='' asked=''
trap 'asked=yes; [ -z "$job" ] || kill -USR1 "$job" 2>/dev/null || true' TERM INT
first_ranks='' failures=0 pause=$first_pause
while true; do
  find_hosts
  [ -z "$away" ] || tell "no answer from$away"
  before=$(newest)
  if [ "$ranks" -gt 0 ]; then
    first_ranks=${first_ranks:-$ranks}
    find_grid || { tell "plan finds no way to train on $ranks ranks"; exit 2; }
    other_words
    echo "keep_running.sh: starting $ranks ranks on $(wc -l <"$scratch/hosts") hosts" >&2
    "${start[@]}" --hostfile "$scratch/hosts" -np "$ranks" "$PIPETRAIN" ${grid[@]+"${grid[@]}"} "${kept[@]}" --resume &
    job=$!
    status=0
    while true; do   # a signal ends a wait, too
      status=0
      wait "$job" || status=$?
      kill -0 "$job" 2>/dev/null || break
    done
    job=''
  else
    status=1
  fi
  case $status in
    0) tell "done: $output"; exit 0 ;;
    75) tell "stopped on request after a checkpoint: $output"; exit 75 ;;
    2 | 3 | 4 | 5) tell "exit code $status, which would come again: $output"; exit "$status" ;;
  esac
  [ -z "$asked" ] || { tell "ended on request with exit code $status"; exit 75; }
  if [ "$(newest)" != "$before" ]; then failures=0 pause=$first_pause; fi
  failures=$((failures + 1))
  if [ "$failures" -gt "$most" ]; then
    tell "exit code $status, $failures times in a row without a new checkpoint: given up"
    exit "$status"
  fi
  tell "a rank or a host was lost (exit code $status); starting again in $pause s, $failures of at most $most"
  sleep "$pause" &
  wait $! || true
  [ -z "$asked" ] || { tell "ended on request"; exit 75; }
  pause=$((pause * 2 > 300 ? 300 : pause * 2))
done
