#!/usr/bin/env bash
# How long a step waits for messages over TCP, against what the link's bandwidth and latency alone explain, and what
# bfloat16 messages save: scripts/tcp_pace.sh [RATE], by default 400mbit, the pace that tc gives the cable between the
# two hosts of namespaces.sh.
# shellcheck source=namespaces.sh
source "$(dirname "${BASH_SOURCE[0]}")/namespaces.sh"
set_up app/pipetrain
rate=${1:-400mbit} runs=5
tc -n "$first" qdisc add dev "pt$$a" root tbf rate "$rate" burst 32kb latency 200ms
tc -n "$second" qdisc add dev "pt$$b" root tbf rate "$rate" burst 32kb latency 200ms
value() { grep -ao "\"$1\": *[0-9.e+-]*" "$folder/log" | head -1 | sed 's/.*: *//'; }
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# Ranks that wait where they would compute: nothing but messages can make them late. One message of each size is
# measured between the waiting ranks, and simulated. All are shorter than an action at the usual rate: the simulation
# knows no queue of messages before the link.
echo "link of $rate; 2 ranks, M=8, F, I and W of 20 ms each; medians of $runs runs"
echo "bytes    schedule  message  waiting explained, measured, measured / explained"
for bytes in 131072 262144 524288; do
  for schedule in gpipe 1f1b zb-h1; do
    for _ in $(seq "$runs"); do
      between_hosts 1 emulate --schedule "$schedule" --microbatches 8 --message-bytes "$bytes" --steps 7 --format json \
        >"$folder/log" 2>&1 </dev/null || { cat "$folder/log"; fail "emulate"; }
      echo "$(value message_seconds) $(value bubble_simulated) $(value simulated_seconds)" \
        "$(value bubble_measured) $(value measured_seconds)"
    done | awk '{ print $4 * $5 / ($2 * $3), 1e3 * $1, 1e3 * $2 * $3, 1e3 * $4 * $5 }' | sort -g |
      awk -v bytes="$bytes" -v schedule="$schedule" '{ line[NR] = $0 } END {
        split(line[int((NR + 1) / 2)], of)
        printf "%-8d %-9s %5.2f ms  %.1f ms, %.1f ms, %.3f\n", bytes, schedule, of[2], of[3], of[4], of[1] }'
  done
done

# Training, with both kinds of messages in turn.
cat >"$folder/model.yaml" <<'END'
model: {preset: gpt, depth: 4, heads: 4, width: 256, context: 256, vocabulary: 256}
data: {format: synthetic}
pipeline: {schedule: 1f1b, microbatches: 8, partition: uniform}
train: {batch_size: 16}
END
for _ in $(seq "$runs"); do
  for precision in float32 bfloat16; do
    between_hosts 1 bench --config "$folder/model.yaml" --set "communication.precision=$precision" --steps 5 \
      --format json >"$folder/log" 2>&1 </dev/null || { cat "$folder/log"; fail "bench"; }
    value step_seconds >>"$folder/$precision"
  done
done
for precision in float32 bfloat16; do
  echo "training, messages in $precision: $(median <"$folder/$precision") s a step, median of $runs runs in turns"
done
