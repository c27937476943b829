#!/usr/bin/env bash
# How a run shares its machine: scripts/shared_machine.sh [ROUNDS [PRECISION...]] installs, builds, and measures
# bench_mid in turns (default: 5 rounds, in bfloat16 and float32). It prints medians and their ratios:
#   - one rank with a thread on each core, quiet and beside as many busy processes as there are cores, which start once
#     the rank has found the machine quiet; both as pipetrain waits and as OpenMP's library does by itself;
#   - as many ranks of one thread as there are cores, bound to cores and not, and twice as many ranks.
#   PIPETRAIN_ALONE=1    takes nearly all time from other sessions meanwhile (autogroup, as root), so that others'
#                        work on the machine does not count
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
# shellcheck disable=SC2119  # everything, no target alone
set_up || exit 1
rounds=${1:-5}
precisions=("${@:2}")
[ ${#precisions[@]} -gt 0 ] || precisions=(bfloat16 float32)
physical=$(lscpu -p=CORE,SOCKET | grep -v '^#' | sort -u | wc -l)
cores=$((physical < $(nproc) ? physical : $(nproc)))
results=$(mktemp) busy=()
stop_busy() {
  [ ${#busy[@]} = 0 ] || kill "${busy[@]}"
  wait "${busy[@]}" 2>/dev/null || true
  busy=()
}
trap 'stop_busy; rm -f "$results" "$log"' EXIT
if [ -n "${PIPETRAIN_ALONE:-}" ]; then echo -20 >/proc/self/autogroup; fi

# Busy processes of this session: the kernel shares time out among sessions first.
start_busy() {  # HOW_MANY
  for ((i = 0; i < $1; ++i)); do
    while :; do :; done &
    busy+=($!)
  done
}

measure() {  # NAME RANKS BUSY_PROCESSES OPTION...
  local name=$1 ranks=$2 others=$3 rank
  shift 3
  OMP_NUM_THREADS=$((ranks == 1 ? cores : 1)) mpi_run -np "$ranks" "$build/app/pipetrain" bench \
    --config "$root/configs/bench_mid.yaml" --set train.precision="$precision" "$@" --format json >"$log" 2>/dev/null &
  rank=$!
  sleep 0.5
  start_busy "$others"
  wait $rank
  stop_busy
  python3 -c 'import json, sys; print(sys.argv[1], json.load(sys.stdin)["tokens_per_second"])' "$name" <"$log" >>"$results"
}

compare='
import statistics, sys
precision, cores, results = sys.argv[1:]
rates = {}
for line in open(results):
    name, rate = line.split()
    rates.setdefault(name, []).append(float(rate))
median = {name: statistics.median(of) for name, of in rates.items()}
print(f"\n{precision}, {cores} cores      median tokens/s (lowest to highest)")
for name, of in rates.items():
    print(f"  {name:16} {median[name]:8.0f} ({min(of):.0f} to {max(of):.0f})")
for what, over, under, expected in (
        ("share of a busy machine", "busy", "quiet", "fair: 0.5"),
        ("the same as OpenMP waits by itself", "busy,spinning", "quiet,spinning", "fair: 0.5"),
        ("quiet, against OpenMP by itself", "quiet", "quiet,spinning", "at least 0.98"),
        ("ranks bound to cores, against none bound", "ranks", "ranks,unbound", ""),
        ("twice as many ranks as cores, against as many", "twice", "ranks", "at least 0.97")):
    print(f"  {what:46} {median[over] / median[under]:.3f}  {expected}")
'
for precision in "${precisions[@]}"; do
  : >"$results"
  for ((round = 0; round < rounds; ++round)); do
    say "$precision, round $((round + 1)) of $rounds"
    one=(--set train.batch_size=8 --microbatches 1 --steps 7)
    measure quiet 1 0 "${one[@]}"
    measure busy 1 "$cores" "${one[@]}"
    GOMP_SPINCOUNT=300000 measure quiet,spinning 1 0 "${one[@]}"
    GOMP_SPINCOUNT=300000 measure busy,spinning 1 "$cores" "${one[@]}"
    measure ranks "$cores" 0 --steps 2
    measure ranks,unbound "$cores" 0 --steps 2 --bind none
    measure twice $((2 * cores)) 0 --steps 2
  done
  python3 -c "$compare" "$precision" "$cores" "$results"
done
