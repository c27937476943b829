#!/usr/bin/env python3
"""delay.py PIPETRAIN MPIRUN: gradients a step late. Every schedule and number of ranks gives the same bits, a run goes
on from a checkpoint as if it had not been stopped, and what reads a checkpoint takes the newest weights."""

import json
import os
import tempfile

from inputs import make_inputs, write
from job import Checks, Job, expect, one_error
from runs import GPT, Result, checkpoint, compare, done, killed_after, train

DELAY = ("pipeline.delay=1", "pipeline.microbatches=8", "model.tie_embeddings=true", "pipeline.partition=uniform")
# Ranks, schedule, what else makes no difference to the bits.
GRIDS = [(2, "gpipe", "pipeline.recompute=full"), (2, "interleaved", "pipeline.recompute=none"),
         (4, "1f1b", "train.checkpoint_background=false"), (4, "zb-h1", "train.checkpoint_every=2")]
REFUSED = [("fewer microbatches than ranks", ["pipeline.microbatches=3"], "no meaning for 3 microbatches on 4 ranks"),
           ("sharded parameters", ["parallel.data=2", "parallel.shard=parameters", "pipeline.microbatches=4"],
            "parallel.shard: parameters has no meaning"),
           ("a delay of 2", ["pipeline.delay=2"], "pipeline.delay: found '2', expected a whole number from 0 to 1"),
           ("a correction of nothing", ["pipeline.delay=0", "pipeline.delay_correction=nesterov"],
            "pipeline.delay_correction")]


def same_bits(checks, folder):
    job, problems, whole = train(folder, 1, "whole", *DELAY), [], None
    if done(job, problems):
        whole = Result(os.path.join(folder, "whole"))
        losses = [line["loss"] for line in whole.lines if "loss" in line]
        expect(problems, losses[-1] < losses[0], f"does not learn: {losses}")
    checks.case("1 rank", job, problems)
    if problems:
        return None
    for ranks, schedule, other in GRIDS:
        job, problems = train(folder, ranks, f"{schedule}-{ranks}", *DELAY, f"pipeline.schedule={schedule}", other), []
        if done(job, problems):
            compare(problems, Result(os.path.join(folder, f"{schedule}-{ranks}")), whole)
            expect(problems, "and steps overlap" in job.error_output(), "does not say that steps overlap")
        checks.case(f"{schedule} on {ranks} ranks: the bits of 1 rank", job, problems)
    return whole


def goes_on(checks, folder, whole):
    for ranks, *settings in ((4, "pipeline.schedule=1f1b"), (1,)):
        output = f"on-{ranks}"
        killed_after(folder, "interleaved-2", output, 3)
        job, problems = train(folder, ranks, output, *DELAY, *settings, resume=""), []
        if done(job, problems):
            compare(problems, Result(os.path.join(folder, output)), whole)
        checks.case(f"stopped after step 3 on 2 ranks, goes on on {ranks}", job, problems)


def readers(checks, folder, whole):
    last = checkpoint("whole", 6)
    # On more ranks than microbatches, which a delay refuses where it trains.
    job, problems = Job(2, ["eval", "--config", "gpt.yaml", "--set", "model.tie_embeddings=true", "--set",
                            "pipeline.microbatches=1", "--set", "pipeline.delay=1", "--checkpoint", last, "--format",
                            "json"], folder=folder), []
    expect(problems, job.wait() == 0, "eval does not end well")
    if not problems:
        loss = json.loads(job.output())["loss"]
        expect(problems, abs(loss - whole.lines[-1]["val_loss"]) < 1e-6, f"loss {loss} of other weights")
    checks.case("eval takes the newest weights", job, problems)
    job = Job(1, ["export", "--checkpoint", last, "--format", "safetensors", "--output", "out"], folder=folder)
    problems = []
    expect(problems, job.wait() == 0, "export does not end well")
    for file in os.listdir(os.path.join(folder, "out")) if not problems else ():
        with open(os.path.join(folder, "out", file), "rb") as content:
            expect(problems, b"previous" not in content.read(), f"{file} has the weights before")
    checks.case("export leaves the weights before out", job, problems)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="pipetrain-") as folder:
        make_inputs(folder)
        write(os.path.join(folder, "gpt.yaml"), GPT)
        for name, settings, pattern in REFUSED:
            job = train(folder, 4, "refused", *DELAY, *settings)
            checks.case(f"refused: {name}", job, one_error(job, 2, [pattern]))
        whole = same_bits(checks, folder)
        if whole is not None:
            goes_on(checks, folder, whole)
            readers(checks, folder, whole)
    checks.finish()


if __name__ == "__main__":
    main()
