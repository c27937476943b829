#!/usr/bin/env python3
"""faults.py PIPETRAIN MPIRUN: a rank that dies or stops in mid-run ends the whole job soon, with a code that is not 0
and, where a rank waits in vain, one line that says for what. Data that shrink in mid-run end it after a checkpoint."""

import json
import os
import re
import shutil
import signal
import tempfile
import time

from inputs import make_inputs, write
from job import PATIENCE, Checks, Job, expect, launched_by_hydra, one_error
from runs import checkpoint_steps

TIME_LIMIT_SECONDS = 2  # of a wait in the job that is stopped
MOST_SECONDS = 5 * PATIENCE  # from a fault that is noticed at once to the end of the job


def running_job(folder, ranks, *settings):
    """A job of many steps, some of which have been done."""
    metrics = os.path.join(folder, "run", "metrics.jsonl")
    if os.path.exists(metrics):
        os.remove(metrics)
    arguments = ["--config", "model.yaml"]
    for setting in ("train.steps=10000000", "train.log_every=1", *settings):
        arguments += ["--set", setting]
    job = Job(ranks, arguments, folder=folder)
    end = time.monotonic() + 90
    while not (os.path.exists(metrics) and os.path.getsize(metrics) > 1000):
        if job.process.poll() is not None or time.monotonic() > end:
            job.kill()
            raise SystemExit("the job did not start:\n" + job.error_output())
        time.sleep(0.02)
    return job


def killed(checks, folder, ranks, victim, number):
    job = running_job(folder, ranks)
    os.kill(job.ranks()[victim], number)
    fault = time.monotonic()
    code = job.wait(30)
    seconds = time.monotonic() - fault
    problems = []
    expect(problems, code or launched_by_hydra(), f"exit code {code}, expected another than 0")  # which says 0 at times
    expect(problems, seconds < MOST_SECONDS, f"ended after {seconds:.1f} s")
    expect(problems, len(job.errors()) <= 1, "more than one error line")
    checks.case(f"rank {victim} of {ranks} gets signal {number}: ended after {seconds:.2f} s", job, problems)


def stopped(checks, folder, ranks, victim):
    job = running_job(folder, ranks, f"communication.timeout_seconds={TIME_LIMIT_SECONDS}")
    pid = job.ranks()[victim]
    os.kill(pid, signal.SIGSTOP)
    fault = time.monotonic()
    code = job.wait(30)
    seconds = time.monotonic() - fault
    problems = []
    expect(problems, code == 6, f"exit code {code}, expected 6")
    expect(problems, seconds < TIME_LIMIT_SECONDS + MOST_SECONDS, f"ended after {seconds:.1f} s")
    errors = job.errors()
    expect(problems, len(errors) == 1, f"{len(errors)} error lines, expected one")
    expect(problems, errors and re.search(r"rank \d waited 2[.\d]* s for ", errors[0]), "the error lacks who waits")
    expect(problems, errors and re.search(rf"(for|from|over) rank[^;|]* {victim}\b|{victim}, which", errors[0]),
           f"the error does not name rank {victim}")
    checks.case(f"rank {victim} of {ranks} is stopped: ended after {seconds:.2f} s", job, problems)


def cut(checks, folder, ranks, left, *settings):
    """The text is cut to `left` bytes: exit code 3, a checkpoint of the last step, from which it goes on."""
    output = os.path.join(folder, "run")
    shutil.rmtree(output, ignore_errors=True)
    corpus = os.path.join(folder, "corpus.txt")
    with open(corpus, encoding="utf-8") as file:
        text = file.read()
    job = running_job(folder, ranks, *settings)
    os.truncate(corpus, left)
    problems = one_error(job, 3, [rf"data: .*corpus\.txt: became shorter .* {left} bytes, expected {len(text)}; put back",
                                  "the checkpoint is of step [0-9]+: go on with --resume"])
    with open(os.path.join(output, "metrics.jsonl"), encoding="utf-8") as file:
        last = [json.loads(line)["step"] for line in file][-1]
    expect(problems, checkpoint_steps(output)[-1:] == [last], f"checkpoints {checkpoint_steps(output)}, expected {last}")
    checks.case(f"the text is cut to {left} bytes ({ranks})", job, problems)
    write(corpus, text)
    job = Job(ranks, ["--config", "model.yaml", "--set", f"train.steps={last + 2}", "--resume"], folder=folder)
    problems = []
    expect(problems, job.wait() == 0 and f"after step {last}" in job.error_output(), "does not go on")
    checks.case(f"and goes on from step {last} ({ranks})", job, problems)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        for ranks, victim in ((2, 0), (2, 1), (4, 2)):
            killed(checks, folder, ranks, victim, signal.SIGKILL)
        killed(checks, folder, 4, 3, signal.SIGTERM)
        for ranks, victim in ((2, 1), (4, 0), (4, 2)):
            stopped(checks, folder, ranks, victim)
        cut(checks, folder, 1, 0)
        cut(checks, folder, 1, 10, "train.eval_every=1")
        cut(checks, folder, 4, 0)
    checks.finish()


main()
