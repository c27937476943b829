#!/usr/bin/env python3
"""kill_ranks.py PIPETRAIN MPIRUN [TIMES]: kills each of 4 ranks in turn at random moments, every second time while a
checkpoint is being written, and resumes. The job ends soon and leaves no process, the newest checkpoint is whole, and
in the end figures and weights are those of a run that was left alone. Run by scripts/faults.sh."""

import glob
import os
import random
import signal
import sys
import tempfile
import time

from inputs import make_inputs, write
from job import Checks, expect
from runs import GPT, Result, checkpoint_steps, compare, done, train

RANKS, MOST_SECONDS = 4, 5
SETTINGS = ("train.eval_every=0", "train.checkpoint_every=4", "model.dropout=0.1", "optimizer.schedule.type=constant",
            "optimizer.schedule.warmup_steps=0")


def wait_for(true, job, seconds=60):
    """Whether it came true before the job ended."""
    end = time.monotonic() + seconds
    while not true():
        if job.process.poll() is not None or time.monotonic() > end:
            return False
        time.sleep(0.0005)
    return True


class Victim:
    """A run that is killed and resumed again and again."""

    def __init__(self, checks, folder):
        self.checks, self.folder, self.run = checks, folder, os.path.join(folder, "killed")
        self.ends, self.in_a_write = [], 0

    def newest(self):
        return max([0, *checkpoint_steps(self.run)]) if os.path.exists(os.path.join(self.run, "checkpoints")) else 0

    def writes(self):
        return bool(glob.glob(os.path.join(self.run, "checkpoints", ".step-*.partial")))

    def kill(self, number, chance):
        before, problems = self.newest(), []
        job = train(self.folder, RANKS, "killed", "train.steps=1000000", *SETTINGS, resume="")
        in_a_write = number % 2 == 1
        expect(problems, wait_for(lambda: "info step" in job.error_output(), job), "the job did not start")
        ranks = job.ranks()
        if not in_a_write:
            time.sleep(chance.uniform(0, 1))
        else:
            wait_for(lambda: self.newest() > before, job)
            time.sleep(chance.uniform(0, 0.2))
            expect(problems, wait_for(self.writes, job), "no checkpoint was written")
            time.sleep(chance.uniform(0, 0.01))
        rank = number % RANKS
        self.in_a_write += self.writes()
        os.kill(ranks[rank], signal.SIGKILL)
        killed = time.monotonic()
        code = job.wait(30)
        seconds = time.monotonic() - killed
        self.ends.append(seconds)
        expect(problems, code, f"exit code {code}, expected another than 0")
        expect(problems, seconds < MOST_SECONDS, f"ended after {seconds:.1f} s")
        text = job.error_output()
        expect(problems, "not resumed from" not in text, "the newest checkpoint was not whole")
        expect(problems, before == 0 or f"after step {before}\n" in text, f"did not go on from step {before}")
        moment = "in a checkpoint's writing" if in_a_write else "at random"
        self.checks.case(f"{number + 1}: rank {rank} killed {moment}, ended after {seconds:.2f} s", job, problems)

    def finish(self):
        steps = f"train.steps={self.newest() + 20}"
        job, problems = train(self.folder, RANKS, "killed", steps, *SETTINGS, resume=""), []
        whole = train(self.folder, RANKS, "whole", steps, *SETTINGS)
        if done(job, problems) and done(whole, problems, limit=600):
            expected = Result(os.path.join(self.folder, "whole"))
            compare(problems, Result(self.run), expected)
            print(f"{len(expected.lines)} lines of metrics and {len(expected.tensors)} tensors compared")
        self.checks.case("goes on to the end as the run that was left alone", job, problems)


def main():
    times = int(sys.argv[3]) if len(sys.argv) > 3 else 50
    checks, chance = Checks(), random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        write(os.path.join(folder, "gpt.yaml"), GPT)
        victim = Victim(checks, folder)
        for number in range(times):
            victim.kill(number, chance)
        victim.finish()
    ends = sorted(victim.ends)
    print(f"killed {times} times, {victim.in_a_write} of them while a checkpoint was being written: the job ended after "
          f"{ends[len(ends) // 2]:.2f} s (median), {ends[-1]:.2f} s at most")
    checks.finish()


main()
