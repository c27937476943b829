#!/usr/bin/env python3
"""rebalance.py PIPETRAIN MPIRUN: with --rebalance a run whose rank becomes slow is cut anew at a checkpoint, and goes
on to the very losses and weights of a run that nobody disturbed."""

import json
import os
import re

from job import expect
from runs import Result, compare, done, said, side_by_side, slow_down, train

SLOW_FROM = 22
MODEL = """model: {preset: gpt, depth: 6, heads: 2, width: 64, context: 32}
data: {format: text, path: corpus.txt}
pipeline: {schedule: zbv, microbatches: 4}
optimizer: {learning_rate: 1.0e-3}
train: {steps: 100, batch_size: 16, eval_every: 60, eval_batches: 2, checkpoint_every: 60, log_every: 2, output: run}
"""
CUT = re.compile(r"rebalance: cut anew after step 60: stages begin at layers ([\d, ]+), so far at ([\d, ]+); a step took [\d.]+ s")
PACES = re.compile(r"rebalance: since step 60 a step takes ([\d.e-]+) s, before ([\d.e-]+) s")


def layers_of_rank_1(numbers):
    first = [int(number) for number in numbers.split(",")]
    return first[3] - first[1]  # stages 1 and 2, the bottom of the V


def cut_anew(checks, folder):
    undisturbed, problems = train(folder, 1, os.path.join(folder, "alone"), "pipeline.schedule=1f1b", model="model.yaml"), []
    done(undisturbed, problems)
    checks.case("undisturbed", undisturbed, problems)
    output = os.path.join(folder, "slowed")
    job, problems = train(folder, 2, output, model="model.yaml", more=["--rebalance"]), []
    slow_down(job, 1, os.path.join(output, "metrics.jsonl"), SLOW_FROM // 2, problems)
    done(job, problems)
    log = job.error_output()
    cut, paces = CUT.search(log), PACES.search(log)
    expect(problems, cut, "the run is not cut anew")
    if cut:
        now, before = layers_of_rank_1(cut[1]), layers_of_rank_1(cut[2])
        expect(problems, now < before, f"the slow rank has {now} layers, before {before}")
    expect(problems, paces, "does not say what a step takes since")
    expect(problems, job.output().count("steps in") == 1, "another summary than one")
    if not problems:
        compare(problems, Result(output), Result(os.path.join(folder, "alone")))
        with open(os.path.join(output, "run.json"), encoding="utf-8") as file:
            record = json.load(file)
        expect(problems, record["outcome"] == "done" and record["first_step"] == 60, "the record does not say how it went on")
        expect(problems, [start["outcome"] for start in record["earlier"]] == ["cut anew"], f"{record['earlier']}")
    checks.case(f"cut anew: {cut and cut[0]}, {paces and paces[0]}", job, problems)


def never(checks, folder):
    """Where nothing can be cut anew, one line says why, and the run goes its way."""
    short = ("train.steps=2", "train.eval_every=0")
    for ranks, reason, settings in (
            (1, "there is one stage, so nothing to move", ("pipeline.schedule=1f1b",)),
            (2, "pipeline.partition says where stages are cut", ("pipeline.partition=uniform",)),
            (2, "messages are rounded where stages are cut", ("communication.precision=bfloat16",)),
            (2, "train.checkpoint_every is 0", ("train.checkpoint_every=0",))):
        job, problems = train(folder, ranks, os.path.join(folder, f"never-{reason[:9]}"), *short, *settings, model="model.yaml",
                              more=["--rebalance"]), []
        done(job, problems)
        said(problems, job, f"--rebalance has no effect: {reason}")
        checks.case(f"never: {reason}", job, problems)


side_by_side(MODEL, cut_anew, never)
