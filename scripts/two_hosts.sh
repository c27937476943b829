#!/usr/bin/env bash
# Trains over TCP between two hosts, takes the link between them down, and resumes, on the hosts of
# namespaces.sh.
#   scripts/two_hosts.sh
# shellcheck source=namespaces.sh
source "$(dirname "${BASH_SOURCE[0]}")/namespaces.sh"
limit_seconds=5        # communication.timeout_seconds
most_seconds=15        # beyond it, until the job has ended
set_up app/pipetrain
awk 'BEGIN { for (i = 0; i < 2000; ++i) print "line " i * i " of the text." }' >"$folder/text.txt"
cat >"$folder/model.yaml" <<'END'
model: {preset: gpt, depth: 3, heads: 2, width: 32, context: 16}
data: {path: text.txt}
train: {steps: 1000000, batch_size: 8, eval_every: 0, checkpoint_every: 20, log_every: 1}
optimizer: {schedule: {type: constant}}
END

# train RUN [OPTION...]: 4 ranks, two on each host.
train() {
  local run=$1
  shift
  between_hosts 2 --config "$folder/model.yaml" \
    --set "communication.timeout_seconds=$limit_seconds" --output "$folder/$run" "$@"
}
figures() { grep -o '"step":.*"grad_norm":[^,]*' "$folder/$1/metrics.jsonl"; }
newest() { find "$folder/$1/checkpoints" -maxdepth 1 -name 'step-*' | sort | tail -1; }

train run >"$folder/log" 2>&1 &
job=$!
for _ in $(seq 600); do
  if [ -n "$(newest run 2>/dev/null)" ]; then break; fi
  kill -0 "$job" 2>/dev/null || break
  sleep 0.1
done
grep -aq "4 ranks on 2 hosts" "$folder/log" || { cat "$folder/log"; fail "the job does not train on two hosts"; }
grep -a "4 ranks on 2 hosts" "$folder/log"

link down
start=$(date +%s.%N)
status=0
wait "$job" || status=$?
seconds=$(echo "$(date +%s.%N) $start" | awk '{ printf "%.1f", $1 - $2 }')
grep -a '^pipetrain: error: ' "$folder/log" || true
echo "link down: ended after $seconds s with exit code $status; the limit of a wait is $limit_seconds s"
[ "$status" -eq 6 ] || { tail -40 "$folder/log"; fail "exit code $status, expected 6"; }
awk -v s="$seconds" -v m=$((limit_seconds + most_seconds)) 'BEGIN { exit !(s < m) }' || fail "that is too long"

link up
step=$(basename "$(newest run)" | sed 's/step-0*//')
steps=$((step + 30))
train run --resume --set "train.steps=$steps" >"$folder/log" 2>&1 || { cat "$folder/log"; fail "does not resume"; }
grep -a "resuming from" "$folder/log"
train whole --set "train.steps=$steps" >"$folder/log" 2>&1 || { cat "$folder/log"; fail "does not train"; }
cmp <(figures run) <(figures whole) || fail "other figures than of a run that was left alone"
echo "resumed after step $step: the $(figures run | wc -l) lines of metrics are those of a run that was left alone"
