#!/usr/bin/env python3
"""tensor.py PIPETRAIN MPIRUN: with parallel.tensor, eval and bench run as with whole layers, a checkpoint of it is
evaluated and sampled by ranks that share nothing, and what cannot be shared is refused."""

import json
import math
import os
import tempfile

from inputs import CONFIG, make_inputs, write
from job import Checks, Job, expect, one_error

MODEL = CONFIG.replace("eval_every: 0", "eval_every: 100").replace("output: run", "output: shared")
RESNET = """model: {preset: resnet, depth: 18, width: 4}
data: {format: synthetic, image: [8, 8, 3], classes: 4, samples: 64}
train: {steps: 1, batch_size: 8}
"""
CHECKPOINT = "shared/checkpoints/step-00000003"


def sets(*settings):
    return [word for setting in settings for word in ("--set", setting)]


def given(*settings):
    return ["train", "--config", "model.yaml", *sets(*settings)]


# (name, ranks, arguments, what the error line says); all end with exit code 2.
REFUSED = [
    ("heads", 3, given("parallel.tensor=3"), ["heads 2", "3 ranks of parallel.tensor", "multiple"]),
    ("groups of heads", 4,
     given("parallel.tensor=4", "model.preset=llama", "model.width=32", "model.heads=4", "model.kv_heads=2"),
     ["kv_heads 2", "4 ranks of parallel.tensor"]),
    ("width of the MLP", 2, given("parallel.tensor=2", "model.mlp_width=33"), ["MLP's width 33", "2 ranks"]),
    ("a model without blocks", 2, ["train", "--config", "resnet.yaml", *sets("parallel.tensor=2")],
     ["parallel.tensor", "attention and MLPs", "neither", "set it to 1"]),
    ("a grid that does not fit", 3, given("parallel.tensor=2"), ["ranks is 3", "data 1", "tensor 2"]),
    ("emulate", 2, ["emulate", "--config", "model.yaml", *sets("parallel.tensor=2")],
     ["parallel.tensor", "emulate", "set it to 1"]),
]


def run(checks, folder, name, ranks, arguments, look):
    job = Job(ranks, arguments, folder=folder)
    code, problems = job.wait(), []
    expect(problems, code == 0, f"exit code {code}")
    if not problems:
        look(problems, job.output())
    checks.case(name, job, problems)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="pipetrain-") as folder:
        make_inputs(folder)
        write(os.path.join(folder, "model.yaml"), MODEL)
        write(os.path.join(folder, "resnet.yaml"), RESNET)
        for name, ranks, arguments, patterns in REFUSED:
            job = Job(ranks, arguments, folder=folder)
            checks.case(name, job, one_error(job, 2, patterns))

        run(checks, folder, "train", 4, given("parallel.tensor=2"), lambda problems, out: None)
        with open(os.path.join(folder, "shared", "metrics.jsonl")) as file:
            trained = json.loads(file.readlines()[-1])["val_loss"]

        def near(problems, out):
            loss = json.loads(out)["loss"]
            expect(problems, math.isclose(loss, trained, rel_tol=1e-6), f"loss {loss}, trained to {trained}")

        evaluation = ["eval", "--config", "model.yaml", "--checkpoint", CHECKPOINT, "--format", "json"]
        shared = sets("parallel.tensor=2")
        run(checks, folder, "eval, whole layers", 1, evaluation, near)
        run(checks, folder, "eval, shared layers", 2, [*evaluation, *shared], near)
        run(checks, folder, "eval, shared layers of 2 stages", 4, [*evaluation, *shared], near)

        def complete(problems, out):
            report = json.loads(out)
            expect(problems, report["grid"] == {"data": 1, "tensor": 2, "pipeline": 1}, f"grid {report['grid']}")
            expect(problems, len(report["resident_bytes"]) == 2, "not every rank's memory")
            expect(problems, report["model_flop_per_step"] == whole_flop[0], "FLOP of a slice only")

        whole_flop = []
        bench = ["bench", "--config", "model.yaml", "--steps", "2", "--format", "json"]
        run(checks, folder, "bench, whole layers", 1, bench,
            lambda problems, out: whole_flop.append(json.loads(out)["model_flop_per_step"]))
        run(checks, folder, "bench, shared layers", 2, [*bench, *shared], complete)

        generate = ["generate", "--checkpoint", CHECKPOINT, "--prompt", "the ", "--tokens", "8"]
        run(checks, folder, "generate from slices", 1, generate,
            lambda problems, out: expect(problems, out.startswith("the "), f"wrote {out!r}"))
    checks.finish()


if __name__ == "__main__":
    main()
