#!/usr/bin/env python3
"""post_validation.py PIPETRAIN MPIRUN: updates that do not wait for the gradient's norm. Under mpirun, too, every
schedule and number of ranks gives the bits of one rank that waits, whatever is taken back; a run that is stopped
amidst such steps goes on as if it had not been."""

import os
import re
import signal
import tempfile

from inputs import make_inputs, write
from job import Checks, expect, one_error
from runs import GPT, Result, checkpoint_steps, compare, done, running, said, train

EARLY = "pipeline.post_validation=true"
# Norms of some steps lie above, of some below; steps are looked at rarely.
RUN = ("optimizer.clip_norm=0.75", "optimizer.learning_rate=0.03", "pipeline.microbatches=8", "train.steps=24",
       "train.eval_every=12", "train.checkpoint_every=12", "pipeline.partition=uniform")
REFUSED = [("with a delay", ["pipeline.delay=1"], "true does not go with pipeline.delay 1"),
           ("with sharded parameters", ["parallel.data=2", "parallel.shard=parameters", "pipeline.microbatches=4"],
            "parallel.shard: parameters does not go with pipeline.post_validation true"),
           ("with slices", ["pipeline.slices=2"], "pipeline.post_validation: true is for whole microbatches"),
           ("with two copies", ["pipeline.schedule=chimera"], "does not go with schedule chimera")]


def taken_back(job):
    """How many updates were taken back, and how many went ahead."""
    found = re.search(r"post-validation: (\d+) of (\d+) updates", job.error_output())
    return (int(found[1]), int(found[2])) if found else (0, 0)


def same_bits(checks, folder):
    job, problems = train(folder, 1, "whole", *RUN), []
    if not done(job, problems):
        checks.case("1 rank that waits", job, problems)
        return
    whole = Result(os.path.join(folder, "whole"))
    norms = [line["grad_norm"] for line in whole.lines if "grad_norm" in line]
    expect(problems, any(n > 0.75 for n in norms) and any(n < 0.75 for n in norms), f"all clip, or none: {norms}")
    checks.case("1 rank that waits", job, problems)
    for ranks, schedule in [(4, "zb-h2"), (2, "zb-h2"), (4, "1f1b"), (2, "zbv")]:
        name = f"{schedule}-{ranks}"
        job, problems = train(folder, ranks, name, *RUN, EARLY, f"pipeline.schedule={schedule}"), []
        if done(job, problems):
            compare(problems, Result(os.path.join(folder, name)), whole)
            said(problems, job, "updates do not wait for the gradient's norm")
            back, ahead = taken_back(job)
            expect(problems, 0 < back < ahead, f"{back} of {ahead} updates were taken back")
        checks.case(f"{schedule} on {ranks} ranks: the bits of 1 rank that waits", job, problems)


def always_clips(checks, folder):
    """Where every step clips no update can go ahead, and the run's end says so."""
    job, problems = train(folder, 2, "clips", EARLY, "optimizer.clip_norm=0.0001", "train.eval_every=0", "train.checkpoint_every=0"), []
    done(job, problems)
    said(problems, job, "all updates waited for the norm, as every step clips")
    checks.case("every step clips", job, problems)


def stopped(checks, folder):
    """Neither evaluations nor checkpoints part the steps."""
    run = ("train.steps=100000", "train.eval_every=0", "train.checkpoint_every=0", "pipeline.microbatches=8",
           "pipeline.schedule=zb-h2", "pipeline.partition=uniform", "optimizer.schedule.type=constant")
    job, problems = train(folder, 4, "stops", *run, EARLY), []
    running(job, os.path.join(folder, "stops"))
    job.tell(signal.SIGUSR1)
    done(job, problems, code=75)
    said(problems, job, "stopped on request after step ")
    checks.case("stopped amidst early updates", job, problems)
    if problems:
        return
    ends = f"train.steps={checkpoint_steps(os.path.join(folder, 'stops'))[-1] + 5}"
    job, problems = train(folder, 2, "stops", *run, EARLY, ends, resume=""), []
    whole = train(folder, 2, "waits", *run, ends)
    if done(job, problems) and done(whole, problems):
        compare(problems, Result(os.path.join(folder, "stops")), Result(os.path.join(folder, "waits")))
    checks.case("goes on with the bits of a run that was not stopped and waits", job, problems)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="pipetrain-") as folder:
        make_inputs(folder)
        write(os.path.join(folder, "gpt.yaml"), GPT)
        for name, settings, pattern in REFUSED:
            job = train(folder, 2, "refused", EARLY, *settings)
            checks.case(f"refused: {name}", job, one_error(job, 2, [pattern]))
        same_bits(checks, folder)
        always_clips(checks, folder)
        stopped(checks, folder)
    checks.finish()


if __name__ == "__main__":
    main()
