#!/usr/bin/env bash
# Takes a run through a real Slurm of one node, started for it on this machine. scripts/pipetrain.sbatch is signalled
# ahead of its time limit and by hand, preempted with notice by a job of higher priority, loses a rank by SIGKILL and
# one that hangs, and its node fails: each time it is put back into the queue and resumes. It is cancelled: it ends
# with a checkpoint and is not put back. Submitted again it finishes with the figures of a run that was left alone. A
# job that loses a rank before each checkpoint is given up. Takes four minutes. Needs root and the packages slurm-wlm
# and munge; elsewhere it says so and exits 77.
#   scripts/slurm_check.sh
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up app/pipetrain
skip() { echo "skipped: $*"; exit 77; }
for program in slurmctld slurmd munged sbatch; do
  command -v "$program" >/dev/null || PATH=$PATH:/usr/sbin command -v "$program" >/dev/null ||
    skip "no $program here; install slurm-wlm and munge"
done
[ "$(id -u)" -eq 0 ] || skip "slurmctld and slurmd of one's own take root"
PATH=$PATH:/usr/sbin
folder=$(mktemp -d)
daemons=()
# until_true SECONDS COMMAND...: whether it succeeds within that time.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}
ended() { [ -z "$(squeue -h -j "$1" 2>/dev/null)" ]; }
all_gone() { ! kill -0 "${daemons[@]}"; }
clean_up() {
  [ -z "${job:-}" ] || scancel "$job" 2>/dev/null || true
  until_true 20 ended "${job:-0}" || true
  kill "${daemons[@]}" 2>/dev/null || true
  until_true 10 all_gone || kill -KILL "${daemons[@]}" 2>/dev/null || true
  rm -rf "$folder" "$log"
}
trap clean_up EXIT
fail() {
  echo "FAILED: $*"
  tail -n 30 "$folder"/*.log
  exit 1
}

chmod 755 "$folder"
mkdir "$folder/state" "$folder/spool"
dd if=/dev/urandom of="$folder/key" bs=1 count=1024 status=none
chmod 400 "$folder/key"
start() { "$@" >>"$folder/daemons.log" 2>&1 & daemons+=($!); }
start munged --foreground --force --socket="$folder/munge" --key-file="$folder/key" --pid-file="$folder/munge.pid" \
  --seed-file="$folder/seed" --log-file="$folder/munged.log"
export SLURM_CONF=$folder/slurm.conf
host=$(hostname -s)
port=$((20000 + RANDOM % 20000))
cat >"$SLURM_CONF" <<END
ClusterName=check
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
AuthInfo=socket=$folder/munge,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=60
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=low Nodes=$host Default=YES PriorityTier=1 GraceTime=60 OverSubscribe=NO
PartitionName=high Nodes=$host PriorityTier=2 OverSubscribe=NO PreemptMode=OFF
END
until_true 10 test -S "$folder/munge" || skip "munged does not run here: $(tail -1 "$folder/munged.log")"
start slurmctld -D -L "$folder/slurmctld.log"
start slurmd -D -N "$host" -L "$folder/slurmd.log"
idle() { sinfo -h -o %T | grep -q '^idle$'; }
until_true 30 idle || skip "slurmctld or slurmd does not run here: $(grep -h 'fatal\|error' "$folder"/slurm*.log | head -1)"

awk 'BEGIN { for (i = 0; i < 2000; ++i) print "line " i * i " of the text." }' >"$folder/text.txt"
cat >"$folder/model.yaml" <<'END'
model: {preset: gpt, depth: 3, heads: 4, width: 32, context: 16}
data: {path: text.txt}
optimizer: {schedule: {type: constant}}
train: {steps: 10000000, batch_size: 8, eval_every: 0, checkpoint_every: 20, log_every: 1}
communication: {timeout_seconds: 15}
END
export PIPETRAIN="$build/app/pipetrain"
said() { [ "$(grep -c "$1" "$folder/run.log" 2>/dev/null)" -ge "$2" ]; }
count() { grep -c "$1" "$folder/run.log" 2>/dev/null || true; }
submit() {   # OUTPUT OPTION...: a job of two ranks; its number
  (cd "$folder" && sbatch --parsable --partition=low --ntasks=2 --time=10 --output="$folder/run.log" "${@:2}" \
    "$root/scripts/pipetrain.sbatch" --config "$folder/model.yaml" --output "$folder/$1")
}
trains_on() { until_true 60 said ' checkpoint: ' $(($(count ' checkpoint: ') + 1)) || fail "does not train"; }
# put_back TIMES HOW: the job was put back into the queue and resumed so many times by now.
put_back() {
  until_true 120 said 'resuming from' "$1" || fail "not resumed after $2"
  trains_on
  echo "put back and resumed after $2"
}
queued() { [ "$(squeue -h -j "$job" -o %T)" = PENDING ]; }
a_rank() { pgrep -f "^$PIPETRAIN .*--output $folder/run" | tail -1; }

job=$(submit run --time=2 --signal=USR1@100)
trains_on
put_back 1 "the signal ahead of its time limit"
said 'stopped on request; job' 1 || fail "the log does not say why"
scontrol update JobId="$job" TimeLimit=60

scancel --signal=USR1 "$job"
put_back 2 "the signal by hand"

other=$(cd "$folder" && sbatch --parsable --partition=high --ntasks=2 --output="$folder/high.log" --wrap 'echo preempted; sleep 2')
until_true 90 said 'stopped on request after' 3 || fail "not preempted"
until_true 90 ended "$other" || fail "the other job does not end"
put_back 3 "a preemption with notice"

kill -KILL "$(a_rank)"
put_back 4 "a rank that was killed"

kill -STOP "$(a_rank)"
until_true 90 said 'a rank is lost (exit code 6, 1 of' 1 || fail "no exit code 6: $(grep 'a rank is lost' "$folder/run.log")"
put_back 5 "a rank that hangs"

scontrol update NodeName="$host" State=DOWN Reason=check
until_true 30 queued || fail "Slurm does not put the job of a failed node back"
scontrol update NodeName="$host" State=RESUME
put_back 6 "its node's failure"

steps_before=$(count 'stopped on request after')
scancel "$job"
until_true 60 ended "$job" || fail "does not end after scancel"
said 'stopped on request after' $((steps_before + 1)) || fail "no checkpoint at scancel"
scontrol show job "$job" | grep -q 'JobState=CANCELLED' || fail "not cancelled: $(scontrol show job "$job" | grep JobState)"
tail -n 1 "$folder/run.log" | grep -q 'so it is not put back' || fail "the log's end does not say that it is over"
echo "cancelled: ended after a checkpoint, and not put back"

newest=$(find "$folder/run/checkpoints" -maxdepth 1 -name 'step-*' | sort | tail -1 | sed 's/.*step-0*//')
sed -i "s/steps: 10000000/steps: $((newest + 50))/" "$folder/model.yaml"   # the end comes into sight
job=$(submit run)
until_true 120 ended "$job" || fail "does not finish"
grep -v 'info step' "$folder/run.log" | grep 'pipetrain.sbatch\|resum\|stopped\|run directory'
said "run directory: $folder/run" 1 || fail "no summary"
OMP_NUM_THREADS=1 mpi_run -np 2 "$PIPETRAIN" --config "$folder/model.yaml" --output "$folder/whole" >"$folder/whole.log" 2>&1
figures() { grep -o '"step":.*"grad_norm":[^,]*' "$folder/$1/metrics.jsonl"; }
cmp <(figures run) <(figures whole) || fail "other figures than of a run that was left alone"
echo "finished: the $(figures run | wc -l) lines of metrics are those of a run that was left alone"

printf '#!/bin/sh\nkill -KILL $$\n' >"$folder/killed"
chmod 755 "$folder/killed"
: >"$folder/run.log"
job=$(PIPETRAIN=$folder/killed PIPETRAIN_RESTARTS=2 submit never)
until_true 120 ended "$job" || fail "put back again and again"
if ! said 'goes back into the queue' 2 || said 'goes back into the queue' 3; then fail "not put back twice"; fi
scontrol show job "$job" | grep -q 'JobState=FAILED' || fail "not failed: $(scontrol show job "$job" | grep JobState)"
tail -n 1 "$folder/run.log" | grep 'without a new checkpoint' || fail "the log's end does not say why"
echo "given up after three ranks lost without a checkpoint"
