#!/usr/bin/env bash
# A long run of a small model on 4 ranks with a checkpoint every 500 steps: its resident size, open files and step
# time must be the same at the end as after 1000 steps, within 2% (step time: means over 1000 steps, which other work
# on the machine disturbs; STEP_TOLERANCE=0.1 takes 10%).
#   scripts/long_run.sh [STEPS]    (default: 20000)
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up app/pipetrain
folder=$(mktemp -d)
trap 'rm -rf "$folder" "$log"' EXIT
awk 'BEGIN { for (i = 0; i < 2000; ++i) print "line " i * i " of the text." }' >"$folder/text.txt"
cat >"$folder/model.yaml" <<END
model: {preset: gpt, depth: 3, heads: 2, width: 32, context: 16}
data: {path: text.txt}
train: {steps: ${1:-20000}, batch_size: 8, eval_every: 500, eval_batches: 2, checkpoint_every: 500, log_every: 100}
END
OMP_NUM_THREADS=1 mpi_run -np 4 "$build/app/pipetrain" --config "$folder/model.yaml" --output "$folder/run" \
  >"$folder/log" 2>&1 &
python3 - "$!" "$folder/run/metrics.jsonl" "${STEP_TOLERANCE:-0.02}" <<'END'
import json, os, sys, time

launcher, metrics, step_tolerance = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])


def ranks():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline") as words:
                ours = os.path.dirname(metrics) in words.read().split("\0")
            if ours and os.path.basename(os.readlink(f"/proc/{pid}/exe")) == "pipetrain":
                found.append(pid)
        except OSError:
            pass  # ended meanwhile
    return found


def sizes():
    """Resident kilobytes and open files, of each rank."""
    result = []
    for pid in ranks():
        try:
            with open(f"/proc/{pid}/status") as status:
                kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
            result.append((kilobytes, len(os.listdir(f"/proc/{pid}/fd"))))
        except (OSError, StopIteration):
            return []
    return result


def lines():
    with open(metrics) as file:
        return [json.loads(line) for line in file if line.endswith("\n")]


early, late = [], []
while os.path.exists(f"/proc/{launcher}/stat") and open(f"/proc/{launcher}/stat").read().rsplit(")", 1)[1].split()[0] != "Z":
    time.sleep(0.2)
    now = sizes()
    if len(now) == 4 and os.path.exists(metrics):
        step = max((line["step"] for line in lines()), default=0)
        if step >= 1000 and step % 500 in (200, 300):  # no checkpoint is being written
            early, late = early or now, now
rows = lines()
mean = lambda part: sum(row["step_seconds"] for row in part) / len(part)
first = mean([row for row in rows if 500 < row["step"] <= 1500])
last = mean([row for row in rows if row["step"] > rows[-1]["step"] - 1000])
failed = False


def compare(what, before, after, tolerance):
    global failed
    bad = after > before * (1 + tolerance)
    failed = failed or bad
    print(f"{what}: {before:.6g} after 1000 steps, {after:.6g} at the end, ratio {after / before:.4f}{'  FAILED' if bad else ''}")


print(f"{rows[-1]['step']} steps on 4 ranks")
if len(early) != 4:
    sys.exit("the ranks were not seen after 1000 steps")
for rank, (before, after) in enumerate(zip(early, late)):
    compare(f"rank {rank}: resident kB", before[0], after[0], 0.02)
    compare(f"rank {rank}: open files", before[1], after[1], 0)
compare("step, seconds", first, last, step_tolerance)
sys.exit(failed)
END
