#!/usr/bin/env bash
# Takes one of two hosts away in the middle of a run that keep_running.sh keeps going, and compares what comes out with
# a run that was left alone; on the hosts of namespaces.sh.
#   scripts/lost_host.sh
# shellcheck source=namespaces.sh
source "$(dirname "${BASH_SOURCE[0]}")/namespaces.sh"
steps=400
set_up app/pipetrain
awk 'BEGIN { for (i = 0; i < 2000; ++i) print "line " i * i " of the text." }' >"$folder/text.txt"
cat >"$folder/model.yaml" <<END
model: {preset: gpt, depth: 3, heads: 2, width: 32, context: 16}
data: {path: text.txt}
train: {steps: $steps, batch_size: 8, eval_every: 0, checkpoint_every: 20, log_every: 1}
optimizer: {schedule: {type: constant}}
communication: {timeout_seconds: 5}
END
printf '%s slots=2\n%s slots=2\n' "$first" "$second" >"$folder/hosts"
# A host that answers refuses the connection at once; one that is away says nothing.
cat >"$folder/reach" <<'END'
#!/usr/bin/env bash
timeout 3 bash -c ": <>/dev/tcp/$1/9" 2>&1 | grep -q refused
END
cat >"$folder/tell" <<END
#!/usr/bin/env bash
echo "\$*" >>"$folder/told"
END
chmod +x "$folder/reach" "$folder/tell"

"$folder/enter" "$first" OMP_NUM_THREADS=1 PIPETRAIN="$build/app/pipetrain" PIPETRAIN_PAUSE=1 \
  PIPETRAIN_REACH="$folder/reach" PIPETRAIN_TELL="$folder/tell" \
  PIPETRAIN_MPIRUN="'mpirun --bind-to none --mca plm_rsh_agent $folder/enter --mca btl tcp,self,vader --mca btl_tcp_if_include $network.0/24 --mca oob_tcp_if_include $network.0/24 -x OMP_NUM_THREADS'" \
  exec "$root/scripts/keep_running.sh" "$folder/hosts" --config "$folder/model.yaml" --output "$folder/run" \
  >"$folder/log" 2>&1 &
job=$!
for _ in $(seq 600); do
  if [ -d "$folder/run/checkpoints/step-00000040" ]; then break; fi
  kill -0 "$job" 2>/dev/null || break
  sleep 0.1
done
[ -d "$folder/run/checkpoints" ] || { cat "$folder/log"; fail "the job does not train on two hosts"; }
link down
echo "host $second is away"
status=0
wait "$job" || status=$?
cat "$folder/told"
[ "$status" -eq 0 ] || { tail -n 40 "$folder/log"; fail "exit code $status"; }
grep -aq "starting 4 ranks" "$folder/log" || fail "it did not begin on 4 ranks"
grep -aq "starting 2 ranks" "$folder/log" || fail "it did not go on with 2 ranks"

link up
between_hosts 2 --config "$folder/model.yaml" --output "$folder/whole" >"$folder/log" 2>&1 ||
  { cat "$folder/log"; fail "does not train"; }
figures() { grep -o '"step":.*"grad_norm":[^,]*' "$folder/$1/metrics.jsonl"; }
cmp <(figures run) <(figures whole) || fail "other figures than of a run that was left alone"
echo "4 ranks, then 2: the $(figures run | wc -l) lines of metrics are those of 4 ranks that were left alone"
