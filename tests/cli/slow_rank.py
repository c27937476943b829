#!/usr/bin/env python3
"""slow_rank.py PIPETRAIN MPIRUN: a rank that becomes slow while it trains is named in the log with figures."""

import os
import re
import signal

from job import expect
from runs import done, side_by_side, slow_down, train

SLOW_FROM = 22
# Actions take some milliseconds, long enough to be interrupted.
MODEL = """model: {preset: gpt, depth: 4, heads: 2, width: 128, context: 32}
data: {format: text, path: corpus.txt}
pipeline: {microbatches: 2}
optimizer: {learning_rate: 1.0e-3}
train: {steps: 1000000, batch_size: 16, eval_every: 0, checkpoint_every: 0, log_every: 2, output: run}
"""
NAMED = re.compile(r"rank 1 on \S+ is slow: [\d.]+ s of work a step in steps (\d+) to \d+, ([\d.]+) times (as long as|its share)")


def slowed(checks, folder):
    """Other programs take most of rank 1's core, until the log names it."""
    output = os.path.join(folder, "slowed")
    job, problems = train(folder, 2, output, model="model.yaml"), []

    def clearly_named():  # other work on the machine may have it named before
        lines = NAMED.finditer(job.error_output())
        return [line[0] for line in lines if int(line[1]) >= SLOW_FROM - 1 and float(line[2]) > 1.25]

    slow_down(job, 1, os.path.join(output, "metrics.jsonl"), SLOW_FROM // 2, problems, enough=clearly_named)
    expect(problems, clearly_named(), "rank 1 is not named")
    os.kill(job.ranks()[0], signal.SIGTERM)
    done(job, problems, code=75)
    checks.case(f"slowed: {clearly_named()}", job, problems)


side_by_side(MODEL, slowed)
