#!/usr/bin/env python3
"""disk_full.py PIPETRAIN MPIRUN: a disk (a small tmpfs) that fills up with checkpoints stops the run or costs it
those that follow, as train.on_write_error says; the earlier ones stay good, and with room again the run goes on.
Skips (77) where nothing can be mounted. Run by scripts/faults.sh."""

import os
import subprocess
import sys
import tempfile

from inputs import make_inputs, write
from job import Checks, expect, one_error
from runs import GPT, Result, checkpoint, checkpoint_steps, compare, done, train

SETTINGS = ("train.steps=12", "train.checkpoint_every=1", "train.keep_checkpoints=100", "train.eval_every=0",
            "train.log_every=100", "optimizer.schedule.type=constant")


class SmallDisk:
    def __init__(self, folder):
        self.folder = folder
        os.mkdir(folder)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], capture_output=True).returncode:
            print("skipped: nothing can be mounted here, which takes root and a system that allows it")
            sys.exit(77)

    def grow(self):
        subprocess.run(["mount", "-o", "remount,size=16m", self.folder], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.folder], check=True)


def all_good(folder, output, problems):
    """Every checkpoint can be gone on from: the newest step takes the rest."""
    steps = checkpoint_steps(os.path.join(folder, output))
    for step in steps:
        job = train(folder, 2, "probe", *SETTINGS, f"train.steps={step}", resume=checkpoint(os.path.join(folder, output), step))
        done(job, problems)
        expect(problems, "nothing to do" in job.error_output(), f"step {step}: not read")
    return steps


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        write(os.path.join(folder, "gpt.yaml"), GPT)
        whole, problems = train(folder, 2, "whole", *SETTINGS), []
        done(whole, problems)
        checks.case("with room", whole, problems)
        for background in ("true", "false"):
            settings = (*SETTINGS, f"train.checkpoint_background={background}")
            with SmallDisk(os.path.join(folder, "disk")) as disk:
                job = train(folder, 2, "disk/run", *settings)
                problems = one_error(job, 4, ["checkpoints/.*: No space left on device; make room; earlier checkpoints are as they "
                                              "were; --resume goes on from the last"])
                steps = all_good(folder, "disk/run", problems)
                checks.case(f"full: stopped, the checkpoints of steps {steps} are good", job, problems)
                disk.grow()
                job, problems = train(folder, 2, "disk/run", *settings, resume=""), []
                if done(job, problems):
                    found, expected = Result(os.path.join(folder, "disk/run")), Result(os.path.join(folder, "whole"))
                    compare(problems, found, expected)
                checks.case("with room again: the same as ever", job, problems)
            os.rmdir(os.path.join(folder, "disk"))
            with SmallDisk(os.path.join(folder, "disk")) as disk:
                job, problems = train(folder, 2, "disk/run", *settings, "train.on_write_error=continue"), []
                done(job, problems)
                warnings = job.error_output().count(": No space left on device; make room; earlier checkpoints are as they were")
                steps = all_good(folder, "disk/run", problems)
                expect(problems, warnings == 12 - len(steps), f"{warnings} warnings, {len(steps)} checkpoints")
                checks.case(f"full: done without, the checkpoints of steps {steps} are good", job, problems)
            os.rmdir(os.path.join(folder, "disk"))
    checks.finish()


main()
