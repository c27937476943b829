#!/usr/bin/env python3
"""resume.py PIPETRAIN MPIRUN: a run that was stopped after any step goes on as if it never had been: figures, weights
and moments have the same bits under every schedule, and on other numbers of ranks; on other numbers of replicas they
agree to rounding."""

import os
import tempfile

from inputs import make_inputs, write
from job import Checks, expect
from runs import GPT, Result, compare, done, killed_after, manifest, train

STEPS, HALF = 6, 3
ROUNDING = 1e-5  # relative
SAME_FIGURES = 1e-300  # the same bits, but tensors in other pieces

# 20 images in steps of 8, 8 and 4 rows: step 3 ends an epoch, step 4 does not.
IMAGES = """model:
  layers:
    - conv2d: {channels: 4, kernel: 3, bias: false}
    - batch_norm: {relu: true}
    - residual: {layers: [{conv2d: {channels: 4, kernel: 3}}, batch_norm]}
    - global_mean_pool
    - linear: {features: classes}
data: {format: synthetic, image: [6, 6, 3], classes: 4, samples: 20}
pipeline: {microbatches: 4}
optimizer: {learning_rate: 1.0e-2}
train: {steps: 8, batch_size: 8, eval_every: 4, checkpoint_every: 4, log_every: 1, output: run}
"""
TEXTS = """model: {preset: classifier, depth: 2, heads: 2, width: 16}
data: {format: csv, path: news.csv, sequence_length: 6}
pipeline: {microbatches: 2}
optimizer: {learning_rate: 1.0e-2}
train: {epochs: 3, batch_size: 7, eval_every: 2, checkpoint_every: 4, log_every: 1, output: run}
"""
SCHEDULES = ["gpipe", "1f1b", "interleaved", "looped-bfs", "zb-h1", "interleaved-zb", "zbv", "dualpipev", "v-half", "v-min"]


class Original:
    """A run that was never stopped; going_on() resumes a copy of it that was."""

    def __init__(self, checks, folder, name, ranks, *settings, model="gpt.yaml", half=HALF):
        self.checks, self.folder, self.name, self.half = checks, folder, name, half
        self.ranks, self.settings, self.model = ranks, settings, model
        job, problems = train(folder, ranks, name, *settings, model=model), []
        if not done(job, problems):
            checks.case(f"{name}: the whole run", job, problems)
            raise SystemExit(f"{name}: nothing to resume")
        self.result = Result(os.path.join(folder, name))
        self.copies = 0

    def going_on(self, ranks=None, *settings, name="", rounding=0.0):
        self.copies += 1
        output = f"{self.name}-{self.copies}"
        killed_after(self.folder, self.name, output, self.half)
        job = train(self.folder, ranks or self.ranks, output, *self.settings, *settings, model=self.model, resume="")
        problems = []
        if done(job, problems):
            found = Result(os.path.join(self.folder, output))
            compare(problems, found, self.result, rounding)
            microbatches = found.manifest["microbatches"]
            if not any("microbatches" in setting for setting in settings):
                expect(problems, microbatches == self.result.manifest["microbatches"], f"{microbatches} microbatches")
        expect(problems, f"/step-{self.half:08}, after step {self.half}" in job.error_output(), "does not say what it resumes")
        self.checks.case(f"{self.name}, stopped after step {self.half}, goes on {name or 'as it was'}", job, problems)


def same_bits(checks, folder):
    for i, schedule in enumerate(SCHEDULES):
        dropout = (("model.dropout=0.1", "pipeline.recompute=full"), ("model.dropout=0.1",), ())[i % 3]
        Original(checks, folder, schedule, 2, f"pipeline.schedule={schedule}", "train.checkpoint_every=1",
                 "train.keep_checkpoints=10", *dropout, half=1 + i % (STEPS - 1)).going_on()
    Original(checks, folder, "sgd", 2, "optimizer.type=sgd", "pipeline.recompute=full").going_on()
    Original(checks, folder, "one-rank", 1, "train.checkpoint_background=false").going_on()
    for ranks in (1, 2):
        Original(checks, folder, f"images-{ranks}", ranks, model="images.yaml", half=4).going_on()
    Original(checks, folder, "texts", 2, model="texts.yaml", half=4).going_on()


def other_grids(checks, folder):
    run = Original(checks, folder, "grid", 2)
    run.going_on(1, name="on 1 rank")
    run.going_on(4, name="on 4 ranks")
    run.going_on(2, "pipeline.schedule=interleaved-zb", name="with 2 stages per rank and another schedule")
    run.going_on(3, "pipeline.schedule=zb-h1", "pipeline.partition=[0, 2, 7]", name="on 3 ranks, cut otherwise")
    two = ("parallel.data=2", "pipeline.microbatches=4")
    run.going_on(2, *two, "parallel.shard=optimizer", name="as 2 sharded replicas", rounding=ROUNDING)
    run.going_on(4, *two, name="as 2 replicas of 2 stages", rounding=ROUNDING)
    run.going_on(2, "parallel.data=2", "train.eval_every=3", "pipeline.microbatches=2", name="with fewer microbatches",
                 rounding=ROUNDING)
    sharded = Original(checks, folder, "sharded", 4, *two, "parallel.shard=optimizer")
    sharded.going_on(name="as it was")
    sharded.going_on(2, name="on half the ranks")
    sharded.going_on(4, "parallel.shard=none", name="not sharded")
    sharded.going_on(1, "parallel.data=1", "pipeline.microbatches=8", name="alone", rounding=ROUNDING)


def sharded_parameters(checks, folder):
    split = "parallel.shard=parameters"
    # One microbatch a replica: the same bits however the weights are kept. Moments lie in other pieces.
    one = ("parallel.data=2", "pipeline.microbatches=1", "model.width=64")
    whole = Original(checks, folder, "whole", 4, *one)
    whole.going_on(4, split, name="with parameters sharded", rounding=SAME_FIGURES)
    single = Original(checks, folder, "single", 4, *one, split)
    single.going_on(name="as it was")
    single.going_on(4, "parallel.shard=none", name="whole", rounding=SAME_FIGURES)
    single.going_on(4, "parallel.shard=optimizer", name="with the optimizer sharded", rounding=SAME_FIGURES)
    single.going_on(2, name="on half the ranks", rounding=SAME_FIGURES)
    several = Original(checks, folder, "several", 4, "parallel.data=2", "pipeline.microbatches=4", "model.width=64", split)
    several.going_on(name="as it was")
    several.going_on(2, name="on half the ranks", rounding=SAME_FIGURES)
    several.going_on(4, "pipeline.schedule=interleaved", name="with 2 stages per rank", rounding=SAME_FIGURES)
    several.going_on(4, "parallel.shard=none", name="whole", rounding=ROUNDING)
    several.going_on(4, "parallel.data=4", "pipeline.microbatches=2", name="as 4 replicas", rounding=ROUNDING)
    several.going_on(2, "parallel.data=1", "pipeline.microbatches=8", name="not replicated", rounding=ROUNDING)
    images = Original(checks, folder, "images-sharded", 2, "parallel.data=2", "pipeline.microbatches=2", split,
                      model="images.yaml", half=4)
    images.going_on(name="as it was")
    images.going_on(2, "parallel.shard=none", name="whole", rounding=1e-4)


def fewer_rows(checks, folder):
    """Twice as many replicas have half the rows each: too few for the microbatches of before."""
    killed_after(folder, "grid", "fewer", HALF)
    job, problems = train(folder, 2, "fewer", "parallel.data=2", resume=""), []
    if done(job, problems):
        compare(problems, Result(os.path.join(folder, "fewer")), Result(os.path.join(folder, "grid")), ROUNDING)
        microbatches = manifest(os.path.join(folder, "fewer"), STEPS)["microbatches"]
        expect(problems, microbatches == 4, f"{microbatches} microbatches, expected as many as rows")
    checks.case("more replicas than the microbatches have rows for", job, problems)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        for name, content in (("gpt.yaml", GPT), ("images.yaml", IMAGES), ("texts.yaml", TEXTS)):
            write(os.path.join(folder, name), content)
        write(os.path.join(folder, "news.csv"), "".join(f'{i % 3 + 1},"text number {i * i}"\n' for i in range(26)))
        for group in (same_bits, other_grids, sharded_parameters, fewer_rows):
            group(checks, folder)
    checks.finish()


main()
