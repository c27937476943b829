#!/usr/bin/env python3
"""slow_rank.py PIPETRAIN MPIRUN: a rank that becomes slow while it trains is named in the log with figures."""

import os
import re

from job import expect
from runs import done, side_by_side, slow_down, train

STEPS, SLOW_FROM = 60, 22
MODEL = """model: {preset: gpt, depth: 4, heads: 2, width: 64, context: 32}
data: {format: text, path: corpus.txt}
optimizer: {learning_rate: 1.0e-3}
train: {steps: 60, batch_size: 16, eval_every: 0, checkpoint_every: 0, log_every: 2, output: run}
"""
NAMED = re.compile(r"rank 1 on \S+ is slow: [\d.]+ s of work a step in steps \d+ to \d+, ([\d.]+) times (as long as|its share)")


def slowed(checks, folder):
    """Rank 1 is stopped most of the time, as by a processor that is too hot."""
    output = os.path.join(folder, "slowed")
    job, problems = train(folder, 2, output, f"train.steps={STEPS}", model="model.yaml"), []
    slow_down(job, 1, os.path.join(output, "metrics.jsonl"), SLOW_FROM // 2, problems)
    done(job, problems)
    named = list(NAMED.finditer(job.error_output()))  # other work on the machine may have it named before
    expect(problems, any(float(line[1]) > 1.25 for line in named), "rank 1 is not named")
    checks.case(f"slowed: {[line[0] for line in named]}", job, problems)


side_by_side(MODEL, slowed)
