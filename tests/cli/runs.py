"""Training runs on a small text, and what they leave in their run directories.

It must not know what a test expects of them."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from inputs import make_inputs, write
from job import Checks, Job, expect

GPT = """model: {preset: gpt, depth: 3, heads: 2, width: 16, context: 8}
data: {format: text, path: corpus.txt}
optimizer: {learning_rate: 1.0e-2, weight_decay: 0.1, clip_norm: 1.0, schedule: {type: cosine, warmup_steps: 2}}
train: {steps: 6, batch_size: 8, eval_every: 3, eval_batches: 2, checkpoint_every: 3, log_every: 1, output: run}
"""


def train(folder, ranks, output, *settings, model="gpt.yaml", resume=None, more=()):
    """A started job; `resume`: None, "" for the newest, or a folder."""
    words = ["--config", model, "--output", output, *more]
    for setting in settings:
        words += ["--set", setting]
    if resume is not None:
        words += ["--resume", resume] if resume else ["--resume"]
    return Job(ranks, words, folder=folder)


class Result:
    """What a run directory holds."""

    def __init__(self, output):
        self.output = output
        with open(os.path.join(output, "metrics.jsonl")) as file:
            self.lines = [json.loads(line) for line in file]
        keys = ("step", "loss", "grad_norm", "learning_rate", "val_loss", "val_accuracy")
        self.figures = [{key: line[key] for key in keys if key in line} for line in self.lines]
        self.manifest = manifest(output, self.steps()[-1])
        self.tensors = {(t["name"], str(t["offset"])): t["checksum"] for t in self.manifest["tensors"]}

    def steps(self):
        return checkpoint_steps(self.output)


def checkpoint(output, step):
    return os.path.join(output, "checkpoints", f"step-{step:08}")


def checkpoint_steps(output):
    names = os.listdir(os.path.join(output, "checkpoints"))
    return sorted(int(name[5:]) for name in names if re.fullmatch(r"step-\d{8}", name))


def manifest(output, step):
    with open(os.path.join(checkpoint(output, step), "manifest.json")) as file:
        return json.load(file)


def done(job, problems, code=0, limit=60):
    found = job.wait(limit)
    last = "".join(job.error_output().splitlines(keepends=True)[-1:])
    expect(problems, found == code, f"exit code {found}, expected {code}; last on standard error: {last}")
    return found == code


def said(problems, job, *texts):
    for text in texts:
        expect(problems, text in job.error_output(), f"does not say: {text}")


def running(job, output):
    """Waits until the job has done some steps."""
    metrics, end = os.path.join(output, "metrics.jsonl"), time.monotonic() + 60
    while not (os.path.exists(metrics) and os.path.getsize(metrics) > 3000):
        if job.process.poll() is not None or time.monotonic() > end:
            job.kill()
            raise SystemExit("the job did not start:\n" + job.error_output())
        time.sleep(0.01)


def slow_down(job, rank, metrics, lines, problems, enough=lambda: False):
    """From so many lines of metrics on, until it is `enough`, other programs take most of the rank's core."""
    end, victim, hogs = time.monotonic() + 90, None, []
    try:
        while job.process.poll() is None and time.monotonic() < end and not enough():
            if os.path.exists(metrics) and not hogs:
                victim = victim or job.ranks().get(rank)  # looked for early: it takes a while on a busy machine
                with open(metrics, encoding="utf-8") as file:
                    if victim and sum(1 for _ in file) >= lines:
                        cores = os.sched_getaffinity(victim)
                        hogs = [subprocess.Popen([sys.executable, "-c", f"import os; os.sched_setaffinity(0, {cores})\nwhile True: pass"],
                                                 start_new_session=True) for _ in range(8 * len(cores))]
            time.sleep(0.02)
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    expect(problems, hogs, f"rank {rank} was not slowed down")


def side_by_side(model, *parts):
    """A test of ranks that run at the same time: parts(checks, folder), with the model as model.yaml."""
    if len(os.sched_getaffinity(0)) < 2:
        print("ranks take turns on one core: skipped")
        sys.exit(77)
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        write(os.path.join(folder, "model.yaml"), model)
        for part in parts:
            part(checks, folder)
    checks.finish()


def killed_after(folder, source, output, step):
    """A copy of the run directory as it is when the job is killed before it writes what follows `step`."""
    target = os.path.join(folder, output)
    shutil.copytree(os.path.join(folder, source), target)
    for later in checkpoint_steps(target):
        if later > step:
            shutil.rmtree(checkpoint(target, later))


def compare(problems, found, expected, rounding=0.0):
    """Figures line for line; with no rounding also the tensors' checksums."""
    expect(problems, [line["step"] for line in found.lines] == [line["step"] for line in expected.lines],
           f"lines of steps {[line['step'] for line in found.lines]}")
    for mine, its in zip(found.figures, expected.figures):
        same = mine.keys() == its.keys() and all(abs(mine[k] - its[k]) <= rounding * abs(its[k]) for k in its)
        expect(problems, same, f"other figures: {mine}, expected {its}")
    expect(problems, rounding or found.tensors == expected.tensors, "other tensors in the last checkpoint")
