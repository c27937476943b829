#!/usr/bin/env python3
"""bench.py PIPETRAIN MPIRUN: what bench --roofline says of a small model's step, alone and on several ranks."""

import json
import math
import os
import tempfile

from inputs import make_inputs, write
from job import Checks, Job, expect

# Without attention, so products are all that the model counts.
LINEAR = """model:
  layers: [{embedding: {width: 16}}, {linear: {features: 32}}, relu, {linear: {features: vocabulary}}]
data: {format: text, path: corpus.txt, sequence_length: 8}
train: {steps: 3, batch_size: 8, eval_every: 0, checkpoint_every: 0}
"""
FIGURES = ["calls", "flop", "bytes", "seconds", "share", "gflops", "gbytes_per_second", "least_seconds"]


def flop(roofline, kind, passes="FIW"):
    return sum(row["flop"] for row in roofline["rows"] if row["kind"] == kind and row["pass"] in passes)


def check_whole(problems, report, ranks):
    """What holds for every model."""
    roofline = report["roofline"]
    step = roofline["step_seconds"]
    expect(problems, roofline["ranks"] == ranks, f"{roofline['ranks']} ranks")
    expect(problems, roofline["roofs"]["memory_gbytes_per_second"] > 0, "no bandwidth")
    for row in roofline["rows"]:
        expect(problems, all(math.isfinite(row[figure]) and row[figure] >= 0 for figure in FIGURES), f"figures of {row}")
        expect(problems, row["bound"] in ("compute", "memory", "-"), f"bound of {row}")
    kinds = sum(kind["seconds"] for kind in roofline["kinds"])
    expect(problems, math.isclose(kinds, ranks * step, rel_tol=1e-6), f"kinds add up to {kinds}, {ranks} steps are {ranks * step}")
    expect(problems, ("counters" in roofline) != ("counters_missing" in roofline), "neither counters nor a reason")
    expect(problems, ("joules_per_step" in roofline) != ("joules_missing" in roofline), "neither joules nor a reason")
    return roofline


def all_products(problems, report, ranks):
    roofline = check_whole(problems, report, ranks)
    counted, model = flop(roofline, "products"), report["model_flop_per_step"]
    expect(problems, math.isclose(counted, model, rel_tol=1e-9), f"products make {counted} FLOP, the model has {model}")


def products_and_attention(problems, report, ranks):
    """The model counts half of all pairs of tokens, the operation those with the diagonal; and backward, which makes
    the scores again, five products for four."""
    roofline = check_whole(problems, report, ranks)
    tokens = 8
    forward = flop(roofline, "attention", "F")
    expect(problems, math.isclose(flop(roofline, "attention", "I"), 2.5 * forward), "attention's backward")
    counted, model = flop(roofline, "products") + 3 * forward * tokens / (tokens + 1), report["model_flop_per_step"]
    expect(problems, math.isclose(counted, model, rel_tol=1e-9), f"operations make {counted} FLOP, the model has {model}")


def table(problems, text):
    for part in ["\nlayer ", " bound\n", "one step of ", "all        products", "attention ", "counters   ", "energy   "]:
        expect(problems, part in text, f"lacks {part!r}")
    lines = text[text.find("\nlayer "):text.rfind("counters")].splitlines()
    expect(problems, all(len(line) <= 100 for line in lines), "a line is wider than 100")


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="pipetrain-") as folder:
        make_inputs(folder)
        write(os.path.join(folder, "linear.yaml"), LINEAR)

        def run(name, ranks, config, words, look):
            job = Job(ranks, ["bench", "--config", config, "--steps", "2", *words], folder=folder)
            code, problems = job.wait(), []
            expect(problems, code == 0, f"exit code {code}")
            if not problems:
                look(problems, job.output())
            checks.case(name, job, problems)

        def in_json(look, ranks):
            return lambda problems, out: look(problems, json.loads(out), ranks)

        roofline = ["--roofline", "--format", "json"]
        run("linear layers", 1, "linear.yaml", roofline, in_json(all_products, 1))
        run("a GPT", 1, "model.yaml", roofline, in_json(products_and_attention, 1))
        run("a GPT on 2 ranks", 2, "model.yaml", roofline, in_json(products_and_attention, 2))
        run("the table", 2, "model.yaml", ["--roofline"], table)
        run("without --roofline", 1, "model.yaml", ["--format", "json"],
            lambda problems, out: expect(problems, "roofline" not in json.loads(out), "a roofline that nobody asked for"))
    checks.finish()


if __name__ == "__main__":
    main()
