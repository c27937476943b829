#!/usr/bin/env python3
"""rebalance.py PIPETRAIN MPIRUN: with --rebalance a run whose rank becomes slow is cut anew at a checkpoint, and goes
on to the very losses and weights of a run that nobody disturbed. A cut is kept only if it has made steps shorter."""

import json
import os
import re

from job import expect
from runs import Result, compare, done, said, side_by_side, slow_down, train

SLOW_FROM, SLOW_UNTIL, STEPS, EVERY = 22, 240, 320, 40
ROUNDING = 1.001  # of figures in the log
MODEL = """model: {preset: gpt, depth: 6, heads: 2, width: 64, context: 32}
data: {format: text, path: corpus.txt}
pipeline: {schedule: zbv, microbatches: 4}
optimizer: {learning_rate: 1.0e-3}
train: {steps: 100, batch_size: 16, eval_every: 60, eval_batches: 2, checkpoint_every: 60, log_every: 2, output: run}
"""
CUT = re.compile(r"rebalance: cut anew after step 60: stages begin at layers ([\d, ]+), so far at ([\d, ]+); a step took [\d.]+ s")
CUTS = re.compile(r"rebalance: cut (anew|back) after step (\d+): .*? a step took ([\d.e-]+) s"
                  r"(?:, before that cut ([\d.e-]+) s; no other cut is tried at the next (?:(\d+) checkpoints|checkpoint))?")
SINCE = re.compile(r"rebalance: since step (\d+) a step takes ([\d.e-]+) s, before ([\d.e-]+) s")
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


def stays_slow(checks, folder):
    """A rank that shares its core looks fast while it has little to do: what it is given then is taken back, if steps
    do not become shorter, and tried again ever less often."""
    output = os.path.join(folder, "stays")
    metrics = os.path.join(output, "metrics.jsonl")
    job, problems = train(folder, 2, output, f"train.steps={STEPS}", f"train.checkpoint_every={EVERY}", "train.eval_every=0",
                          model="model.yaml", more=["--rebalance"]), []
    slow_down(job, 1, metrics, SLOW_FROM // 2, problems, enough=lambda: lines_in(metrics) > SLOW_UNTIL // 2)
    done(job, problems, limit=120)
    cuts = [(int(cut[2]), cut[1], float(cut[3]), float(cut[4] or 0), int(cut[5] or 1)) for cut in CUTS.finditer(job.error_output())]
    expect(problems, cuts and cuts[0][:2] == (2 * EVERY, "anew"), f"is not cut anew after step {2 * EVERY} first: {cuts}")
    on_trial, free_from, left_alone = None, 0, 1
    for step, how, took, before, rest in cuts:
        expect(problems, step >= free_from, f"{how} after step {step}, while the cut is left alone until {free_from}")
        kept = on_trial is not None and took <= 0.975 * on_trial * ROUNDING
        if how == "back":
            expect(problems, before == on_trial and took >= 0.975 * on_trial / ROUNDING, f"{how} after step {step} without a reason")
            expect(problems, rest == left_alone, f"the cut is left alone at {rest} checkpoints, expected {left_alone}")
            on_trial, free_from, left_alone = None, step + EVERY * (rest + 1), 2 * rest
            continue
        expect(problems, on_trial is None or kept, f"kept until step {step}, though steps took {took} s, before {on_trial} s")
        on_trial, left_alone = took, 1 if kept else left_alone
    taken_back = [step for step, how, *_ in cuts if how == "back"]
    for since in SINCE.finditer(job.error_output()):
        step, now, before = int(since[1]), float(since[2]), float(since[3])
        if (step, "anew") in [cut[:2] for cut in cuts] and now > 1.1 * before and step + EVERY < STEPS:
            expect(problems, step + EVERY in taken_back, f"the cut after step {step} is not taken back: {since[0]}")
    checks.case(f"a rank that stays slow: {cuts}", job, problems)


def lines_in(path):
    if not os.path.exists(path):
        return 0
    with open(path, "rb") as file:
        return file.read().count(b"\n")


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


side_by_side(MODEL, cut_anew, stays_slow, never)
