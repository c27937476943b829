#!/usr/bin/env python3
"""job_script.py SCRIPT: what scripts/pipetrain.sbatch does after each way in which a run ends, with programs of
Slurm's names that only note how they are called. scripts/slurm_check.sh takes the same through a real Slurm."""

import os
import signal
import subprocess
import sys
import tempfile
import time

from stand_ins import StandIns

# Each a script that finds in its folder what to answer.
PROGRAMS = {
    # Ends with the next exit code of `codes`; 0 at their end. Writes a checkpoint's line where `saves` says so.
    "srun": """trap 'echo passed on >>"$HERE/srun.calls"; rm -f "$HERE/waits"' USR1
echo "$@" >>"$HERE/srun.calls"
while [ -e "$HERE/waits" ]; do sleep 0.05; done
[ ! -e "$HERE/saves" ] || echo "12:00:00 info checkpoint: run/checkpoints/step-00000020 (0.10 s)" >&2
code=$(head -1 "$HERE/codes"); sed -i 1d "$HERE/codes"
[ "$code" != KILL ] || kill -KILL $$
exit "${code:-0}"
""",
    "squeue": """echo "$@" >>"$HERE/squeue.calls"
[ ! -e "$HERE/squeue.fails" ] || { rm "$HERE/squeue.fails"; exit 1; }
cat "$HERE/state"
""",
    "scontrol": """echo "$@" >>"$HERE/scontrol.calls"; [ ! -e "$HERE/refuses" ]
""",
    "pipetrain": "",
}


class Slurm(StandIns):
    """A job that may be started again and again."""

    def __init__(self, folder, state="RUNNING", codes=(), present=()):
        super().__init__(folder, PROGRAMS, codes, present)
        self.starts = 0
        self.write("state", state + "\n")

    def start(self, *words, **settings):
        """The script as Slurm starts it, at first or again, with the log that it appends to."""
        environment = self.environment(**{"SLURM_JOB_ID": "12", "SLURM_SUBMIT_DIR": self.folder,
                                          "SLURM_RESTART_COUNT": str(self.starts), "SLURM_CPUS_PER_TASK": "2", **settings})
        environment.pop("PIPETRAIN", None)
        self.starts += 1
        with open(os.path.join(self.folder, "log"), "a") as log:
            return subprocess.Popen(["bash", sys.argv[1], *words], env=environment, stdout=log, stderr=log)

    def run(self, *words, **settings):
        return self.start(*words, **settings).wait(60)

    def requeues(self):
        return self.lines("scontrol.calls").count("requeue 12")


def check(what, found, expected):
    ok = found == expected
    print(f"{'ok' if ok else 'FAILED':6}  {what}" + ("" if ok else f": {found}, expected {expected}"), flush=True)
    return not ok


def main():
    folders = iter(range(1000))
    failed = 0
    with tempfile.TemporaryDirectory() as folder:

        def slurm(*arguments, **options):
            return Slurm(os.path.join(folder, str(next(folders))), *arguments, **options)

        # Exit code of the run, state of the job: exit code of the script, whether the job is put back.
        for code, state, status, back in [
                (0, "RUNNING", 0, 0), (75, "RUNNING", 75, 1), (75, "SIGNALING", 75, 1), (75, "COMPLETING", 75, 0),
                (75, "CANCELLED", 75, 0), (75, "", 75, 0), (6, "RUNNING", 6, 1), (6, "COMPLETING", 6, 0),
                ("KILL", "RUNNING", 137, 1), ("KILL", "COMPLETING", 137, 0), (138, "RUNNING", 138, 1),
                (143, "RUNNING", 143, 1), (143, "COMPLETING", 143, 0), (2, "RUNNING", 2, 0), (3, "RUNNING", 3, 0),
                (4, "RUNNING", 4, 0), (5, "RUNNING", 5, 0), (1, "RUNNING", 1, 0), (139, "RUNNING", 139, 0)]:
            job = slurm(state, [code])
            failed += check(f"exit code {code}, {state or 'no such job'}", (job.run("--config", "a.yaml"), job.requeues()),
                            (status, back))
        failed += check("the command", "bin/pipetrain --config a.yaml --resume" in job.lines("srun.calls")[0] and
                        "--cpus-per-task=2" in job.lines("srun.calls")[0], True)

        job = slurm(codes=["KILL"] * 9)
        codes = [job.run() for _ in range(5)]
        failed += check("lost ranks without a checkpoint", (codes, job.requeues()), ([137] * 5, 3))
        job = slurm(codes=[6] * 9)
        for _ in range(4):
            job.run(PIPETRAIN_RESTARTS="1")
        failed += check("at most once", job.requeues(), 1)
        failed += check("says so", "not put back" in job.lines("log")[-1], True)
        job = slurm(codes=[6] * 9, present=["saves"])
        for _ in range(6):
            job.run()
        failed += check("lost ranks, each after a new checkpoint", job.requeues(), 6)
        job = slurm(codes=[6, 6, 75, 6, 6, 6, 6, 6])
        for start in range(8):
            if start == 2:
                job.write("saves", "")
            job.run()
            if start == 2:
                os.remove(os.path.join(job.folder, "saves"))
        failed += check("counted anew from the last checkpoint", job.requeues(), 6)
        job = slurm(codes=[6] * 9)
        for _ in range(6):
            job.run()
            os.remove(os.path.join(job.folder, "log"))  # of a job with --open-mode=truncate
        failed += check("lost ranks and no log of earlier starts", job.requeues(), 3)

        job = slurm(codes=[75], present=["squeue.fails"])
        failed += check("squeue fails once", (job.run(), job.requeues()), (75, 1))
        job = slurm(codes=[75], present=["refuses"])
        failed += check("a job that may not be requeued", (job.run(), "submit it again" in job.lines("log")[-1]), (75, True))

        for number in (signal.SIGTERM, signal.SIGUSR1):
            job = slurm(codes=[75], present=["waits"])
            process = job.start()
            end = time.monotonic() + 30
            while not job.lines("srun.calls") and time.monotonic() < end:
                time.sleep(0.02)
            process.send_signal(number)
            failed += check(f"{number.name} to the script", (process.wait(30), job.requeues(), job.lines("srun.calls")[1:]),
                            (75, 1, ["passed on"]))
    print(f"{failed} failed")
    sys.exit(1 if failed else 0)


main()
