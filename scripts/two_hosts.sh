#!/usr/bin/env bash
# Trains over TCP between two hosts, takes the link between them down, and resumes. The hosts are network namespaces
# of this machine joined by a virtual cable, which takes root and a system that allows them: elsewhere it says so and
# exits 77.
#   scripts/two_hosts.sh
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
limit_seconds=5        # communication.timeout_seconds
most_seconds=15        # beyond it, until the job has ended
folder=$(mktemp -d) first=pipetrain-$$-a second=pipetrain-$$-b network=10.213.77
clean_up() {
  ip netns del "$first" 2>/dev/null || true
  ip netns del "$second" 2>/dev/null || true
  rm -rf "$folder" "$log" "/etc/netns/$first" "/etc/netns/$second"
}
trap clean_up EXIT
fail() { echo "FAILED: $*"; exit 1; }

if ! command -v ip >/dev/null || ! ip netns add "$first" 2>/dev/null; then
  echo "skipped: no network namespace can be made here, which takes iproute2, root and a system that allows it"
  exit 77
fi
ip netns add "$second"
ip link add "pt$$a" netns "$first" type veth peer name "pt$$b" netns "$second"
ip -n "$first" address add "$network.1/24" dev "pt$$a"
ip -n "$second" address add "$network.2/24" dev "pt$$b"
for host in "$first" "$second"; do
  ip -n "$host" link set lo up
  # How long TCP tries to reach a host that is gone. With the system's 15 times (15 minutes) mpirun itself would wait
  # for it that long after all ranks have ended.
  ip netns exec "$host" sysctl -qw net.ipv4.tcp_retries2=3
  mkdir -p "/etc/netns/$host"   # becomes /etc/hosts there
  printf '127.0.0.1 localhost\n%s.1 %s\n%s.2 %s\n' "$network" "$first" "$network" "$second" >"/etc/netns/$host/hosts"
done
link() { ip -n "$first" link set "pt$$a" "$1" && ip -n "$second" link set "pt$$b" "$1"; }
link up

# enter HOST COMMAND...: as that host, name included. mpirun calls it in place of ssh.
cat >"$folder/enter" <<'END'
#!/bin/sh
host=$1; shift
exec ip netns exec "$host" unshare --uts sh -c 'hostname "$1"; shift; exec sh -c "$*"' enter "$host" "$@"
END
chmod +x "$folder/enter"

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
  "$folder/enter" "$first" OMP_NUM_THREADS=1 exec mpirun --host "$first:2,$second:2" --bind-to none \
    --mca plm_rsh_agent "$folder/enter" --mca btl tcp,self,vader --mca btl_tcp_if_include "$network.0/24" \
    --mca oob_tcp_if_include "$network.0/24" -x OMP_NUM_THREADS "$build/app/pipetrain" --config "$folder/model.yaml" \
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
