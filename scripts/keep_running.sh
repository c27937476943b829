#!/usr/bin/env bash
# Keeps a training run going where no Slurm does: starts mpirun, and after a rank or a host is lost starts it again
# from the newest checkpoint, on the hosts that still answer.
#   scripts/keep_running.sh HOSTFILE --config my.yaml --output runs/mine [OPTION]...
# HOSTFILE has a line for each host, as mpirun of Open MPI or MPICH takes it: "NAME slots=RANKS", also with max_slots=,
# or "NAME:RANKS"; a NAME alone is one rank, and lines of the same name add up. With fewer ranks the pipeline becomes
# shorter and the losses stay the same; where the configuration does not go with them, `pipetrain plan` finds another
# grid, and the number of microbatches stays that of the run.
#   PIPETRAIN            the program (default: build/app/pipetrain beside this script, else the one on the PATH)
#   PIPETRAIN_MPIRUN     how ranks are started (default: "mpirun --bind-to none"); it has to take --hostfile and -np
#   PIPETRAIN_REACH      says of a host, its last word, whether it answers (default: ssh that runs `true`)
#   PIPETRAIN_RESTARTS   how often in a row it starts again without a new checkpoint (default: 5)
#   PIPETRAIN_PAUSE      seconds before it does, doubled each time up to 5 minutes (default: 5)
#   PIPETRAIN_TELL       a command that is called with one line of what has happened (a mail, a message)
# SIGINT, SIGTERM, SIGQUIT and SIGHUP (which nohup keeps away) end the run after a checkpoint, the third at once.
# MPICH's mpiexec ends with the terminal that it writes to: with it, let the output go to a file, or use nohup.
# Ends with 0 when the run is done, with 75 when it was asked to end, and with pipetrain's own code where the same would
# happen again (2 configuration, 3 data, 4 checkpoint, 5 a loss that is not finite); with mpirun's code where it gives
# up, where a program cannot be started, and where the run was asked to end and could not write its checkpoint.
set -euo pipefail
say() { echo "keep_running.sh: $*" >&2 || true; }   # the terminal may be gone
wrong() { say "$*"; exit 2; }
usage() { wrong "$*; expected keep_running.sh HOSTFILE --config FILE --output DIR [OPTION]..."; }
whole_number() { [[ $2 =~ ^[0-9]+$ ]] || wrong "$1: found '$2'; expected a whole number"; }
can_start() { type -P -- "$2" >/dev/null || wrong "$1: cannot start '$2'; expected a program"; }
counted() { echo "$1 $2$([ "$1" -eq 1 ] || echo s)"; }

# How the run's own record says that it ended.
outcome() { sed -n 's/^ "outcome": "\(.*\)".*/\1/p' "$output/run.json" 2>/dev/null || true; }

tell() {
  say "$*"
  # shellcheck disable=SC2086  # a command and its arguments
  [ -z "${PIPETRAIN_TELL:-}" ] || env $PIPETRAIN_TELL "$*" || say "PIPETRAIN_TELL failed"
}

# The command line, from its second word on. Sets `config`, `output` and `memory`; `settings`, the configuration as
# --config and --set, of which the last one of a key counts; and `others`, all other words.
read_words() {
  local name value
  config='' output='' memory='' settings=() others=()
  while [ $# -gt 0 ]; do
    name=${1%%=*} value=${1#*=}
    case $1 in
      --config | --output | --set | --schedule | --microbatches | --virtual-stages | --memory-limit)
        [ $# -gt 1 ] || usage "$1 has no value"
        value=$2
        shift
        ;;
    esac
    case $name in
      --config) config=$value settings+=("--config=$value") ;;
      --output) output=$value others+=("--output=$value") ;;
      --memory-limit) memory=$value others+=("--memory-limit=$value") ;;
      --set) settings+=("--set=$value") ;;
      --schedule | --microbatches) settings+=("--set=pipeline.${name#--}=$value") ;;
      --virtual-stages) settings+=("--set=pipeline.virtual_stages=$value") ;;
      --resume)   # as every start does
        [[ $1 == --resume && ${2:--} == -* ]] ||
          wrong "found --resume with a folder; leave it out, since each start goes on from the newest checkpoint"
        ;;
      *) others+=("$1") ;;
    esac
    shift
  done
  [ -n "$config" ] || usage "--config FILE is missing"
  [ -n "$output" ] || usage "--output DIR is missing"
}

# Of the file of hosts. Sets `hosts`, each once, and `slots_of` them.
declare -A slots_of
wrong_hosts() { tell "$*; expected lines NAME slots=RANKS"; exit 2; }
read_hosts() {
  local fields field slots most number=0
  hosts=() slots_of=()
  while read -ra fields || [ ${#fields[@]} -gt 0 ]; do   # the last line may have no end
    number=$((number + 1))
    [ ${#fields[@]} -gt 0 ] || continue
    slots='' most=''
    if [[ ${fields[0]} =~ ^([^:]+):([1-9][0-9]*)$ ]]; then
      fields[0]=${BASH_REMATCH[1]} slots=${BASH_REMATCH[2]}
    fi
    for field in "${fields[@]:1}"; do
      if [[ -z $slots && $field =~ ^slots=([1-9][0-9]*)$ ]]; then
        slots=${BASH_REMATCH[1]}
      elif [[ -z $most && $field =~ ^max[-_]slots=([1-9][0-9]*)$ ]]; then
        most=${BASH_REMATCH[1]}
      else
        wrong_hosts "$hostfile:$number: found '$field'"
      fi
    done
    [[ ${fields[0]} =~ ^[A-Za-z0-9]([A-Za-z0-9@._-]*|.*:.*:.*)$ ]] ||
      wrong_hosts "$hostfile:$number: found '${fields[0]}'"
    [ -n "${slots_of[${fields[0]}]:-}" ] || hosts+=("${fields[0]}")
    slots_of[${fields[0]}]=$((${slots_of[${fields[0]}]:-0} + ${slots:-${most:-1}}))
  done < <(sed -E 's/(#|\/\/).*//; s/\r$//; s/[[:space:]]*=[[:space:]]*/=/g' "$hostfile")
  [ ${#hosts[@]} -gt 0 ] || wrong_hosts "$hostfile has no hosts"
}

# Runs a command out of reach of the terminal's ^C. Once this script is asked to end it asks the command, by SIGUSR1,
# and begins no other.
job='' asked=0
run() {
  local status
  [ "$asked" -eq 0 ] || return 75
  setsid "$@" </dev/null &
  job=$!
  [ "$asked" -eq 0 ] || kill -USR1 "$job" 2>/dev/null || true   # since the line before
  while true; do
    interrupted='' status=0
    wait "$job" || status=$?
    [ -n "$interrupted" ] || break   # a signal ends a wait, too
  done
  job=''
  return "$status"
}
on_request() {
  interrupted=yes asked=$((asked + 1))
  [ -z "$job" ] || kill -"$([ "$asked" -lt 3 ] && echo USR1 || echo TERM)" "$job" 2>/dev/null || true
}

# The hosts that answer, as a file of hosts; how many ranks they have. Sets `ranks`, `all_ranks` and `away`.
find_hosts() {
  local host
  : >"$scratch/hosts"
  ranks=0 all_ranks=0 away=''
  for host in "${hosts[@]}"; do
    all_ranks=$((all_ranks + ${slots_of[$host]}))
    # shellcheck disable=SC2086  # a word or none
    if run "${reach[@]}" "$host" ${reach_word:-} >/dev/null 2>&1; then
      echo "$host$slots_mark${slots_of[$host]}" >>"$scratch/hosts"
      ranks=$((ranks + ${slots_of[$host]}))
    else
      away+=" $host"
    fi
  done
}

# describe RANKS [WORD]...: whether the configuration goes with so many ranks.
describe() { run "$PIPETRAIN" describe "${settings[@]}" "${@:2}" --ranks "$1" --format json >"$scratch/said" 2>&1; }

# For ranks that the configuration does not go with: the sizes that plan finds, and the number of microbatches that the
# run has had, or would have on all hosts. Sets `grid`. It is an error of a configuration that it does not go with all
# hosts at the first start.
grid=() grid_of=0
find_grid() {
  local microbatches same
  [ "$ranks" -ne "$grid_of" ] || return 0
  grid=() grid_of=$ranks
  [ -n "$away" ] || [ -e "$output/config.yaml" ] || return 0
  ! describe "$ranks" || return 0
  microbatches=$(sed -n 's/^  microbatches: *\([0-9]*\).*/\1/p' "$output/config.yaml" 2>/dev/null | head -n 1)
  if [ -z "$microbatches" ] && describe "$all_ranks"; then
    microbatches=$(sed -n 's/^  "microbatches": \([0-9]*\),$/\1/p' "$scratch/said")
  fi
  rm -f "$scratch/plan.yaml"
  # A grid that does not go with the ranks is refused even as the one to begin with.
  run "$PIPETRAIN" plan "${settings[@]}" --set=parallel.data=1 --set=parallel.tensor=1 --ranks "$ranks" \
    ${memory:+"--memory=$memory"} --write "$scratch/plan.yaml" >"$scratch/said" 2>&1 || return 1
  # As words, since other hosts do not see this file.
  mapfile -t grid < <(sed -nE '/^\w/h; G; s/^  (\w+): (.+)\n(pipeline|parallel):$/--set=\3.\1=\2/p' "$scratch/plan.yaml")
  [ -n "$microbatches" ] || return 0
  same=("${grid[@]/#--set=pipeline.microbatches=*/--set=pipeline.microbatches=$microbatches}")
  ! describe "$ranks" "${same[@]}" || grid=("${same[@]}")
}

newest() { { find "$output/checkpoints" -maxdepth 1 -name 'step-*' 2>/dev/null || true; } | sort | tail -n 1 | grep . || echo none; }

hostfile=${1:-}
[ -n "$hostfile" ] || usage "the file of hosts is missing"
[ ! -d "$hostfile" ] || usage "'$hostfile' is a folder"
[ -f "$hostfile" ] && [ -r "$hostfile" ] || usage "cannot read '$hostfile'"
read_words "${@:2}"
if [ -z "${PIPETRAIN:-}" ]; then
  here=$(dirname "${BASH_SOURCE[0]}")
  PIPETRAIN=$here/../build/app/pipetrain
  [ -x "$PIPETRAIN" ] || PIPETRAIN=$here/../../../bin/pipetrain   # where both are installed
  [ -x "$PIPETRAIN" ] || PIPETRAIN=$(type -P pipetrain) || usage "no pipetrain is built or on the PATH; set PIPETRAIN"
fi
most=${PIPETRAIN_RESTARTS:-5} first_pause=${PIPETRAIN_PAUSE:-5}
whole_number PIPETRAIN_RESTARTS "$most"
whole_number PIPETRAIN_PAUSE "$first_pause"
read -ra start <<<"${PIPETRAIN_MPIRUN:-mpirun --bind-to none}"
read -ra reach <<<"${PIPETRAIN_REACH:-ssh -o BatchMode=yes -o ConnectTimeout=10}"
[ -n "${PIPETRAIN_REACH:-}" ] || reach_word=true
can_start PIPETRAIN "$PIPETRAIN"
can_start PIPETRAIN_MPIRUN "${start[0]:-}"
can_start PIPETRAIN_REACH "${reach[0]:-}"
slots_mark=' slots='
! "${start[@]}" --version 2>/dev/null </dev/null | grep -c HYDRA >/dev/null || slots_mark=':'   # MPICH's
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap on_request TERM INT HUP QUIT
trap : PIPE   # whom this script talks to may be gone

leave_if_asked() { [ "$asked" -eq 0 ] || { tell "ended on request; newest checkpoint: $(newest)"; exit 75; }; }
no_plan() { tell "plan finds no way to train on $(counted "$ranks" rank): $(tail -n 1 "$scratch/said")"; exit 2; }
failures=0 pause=$first_pause
while true; do
  read_hosts
  find_hosts
  leave_if_asked
  [ -z "$away" ] || tell "no answer from$away"
  before=$(newest)
  if [ "$ranks" -gt 0 ]; then
    find_grid || { leave_if_asked; no_plan; }
    leave_if_asked
    say "starting $(counted "$ranks" rank) on $(counted "$(wc -l <"$scratch/hosts")" host)" ${grid[0]:+"with the sizes that plan has found"}
    status=0
    run "${start[@]}" --hostfile "$scratch/hosts" -np "$ranks" "$PIPETRAIN" ${others[@]+"${others[@]}"} \
      "${settings[@]}" ${grid[@]+"${grid[@]}"} --resume || status=$?
    what="exit code $status"
  else
    status=1 what="no host answers"
  fi
  # MPICH's launcher may say 0 of a rank that was killed, and of a run that was asked to end.
  if [ "$status" -eq 0 ]; then
    case $(outcome) in
      running) status=1 what="exit code 0, though the run is not over" ;;
      stopped) [ "$asked" -eq 0 ] || status=75 ;;
    esac
  fi
  case $status in
    0) tell "done: $output"; exit 0 ;;
    75) tell "stopped on request; newest checkpoint: $(newest)"; exit 75 ;;
    2 | 3 | 4 | 5) tell "$what, which would come again: $output"; exit "$status" ;;
    126 | 127 | 131 | 132) tell "$what, a program that cannot be started: $output"; exit "$status" ;;
    138) leave_if_asked ;;   # the request came before it could listen
  esac
  [ "$asked" -eq 0 ] || { tell "ended on request with $what; newest checkpoint: $(newest)"; exit "$status"; }
  if [ "$(newest)" != "$before" ]; then failures=0 pause=$first_pause; fi
  failures=$((failures + 1))
  if [ "$failures" -gt "$most" ]; then
    tell "$what, $(counted "$failures" time) in a row without a new checkpoint: given up"
    exit "$status"
  fi
  [ "$ranks" -eq 0 ] || what="a rank or a host was lost ($what)"
  tell "$what; starting again in $pause s, $failures of at most $most"
  run sleep "$pause" || true
  leave_if_asked
  pause=$((pause * 2 > 300 ? 300 : pause * 2))
done
