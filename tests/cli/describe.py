#!/usr/bin/env python3
"""describe.py PIPETRAIN MPIRUN: every configuration of the repository is described for 4 ranks, without MPI, with the
numbers of parameters that were published, and every layer on the stage and rank that the schedule gives it."""

import glob
import json
import os
import re
import struct
import tempfile

from inputs import make_inputs, write
from job import Checks, Job, expect, one_error

NO_MPI = {"OMPI_MCA_pml": "none_such"}  # with it MPI_Init fails
CONFIGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../configs")
# Those for data of the user's own, and what is given instead.
OWN_DATA = {"shakespeare.yaml": "corpus.txt", "llama_shakespeare.yaml": "corpus.txt", "mnist.yaml": "digits",
            "resnet18_mnist.yaml": "digits"}


def sets(*settings):
    return [word for setting in settings for word in ("--set", setting)]


def job_of(folder, *arguments):
    return Job(1, ["describe", *arguments], folder=folder, env=NO_MPI)


def described(checks, folder, name, *arguments):
    """What --format json says, after looking at what holds for every model."""
    job = job_of(folder, *arguments, "--format", "json")
    code, problems, found = job.wait(), [], {}
    expect(problems, code == 0, f"exit code {code}, expected 0")
    expect(problems, not job.error_output(), "wrote to standard error")
    if code == 0:
        found = json.loads(job.output())
        layers, stages = found["layers"], found["stages"]
        expect(problems, sum(layer["parameters"] for layer in layers) == found["parameters"], "parameters do not add up")
        expect(problems, sum(stage["parameters"] for stage in stages) == found["parameters"], "stages do not add up")
        expect(problems, sum(layer["forward_flop"] for layer in layers) == found["forward_flop_per_row"], "FLOP do not add up")
        expect(problems, found["training_flop_per_row"] == 3 * found["forward_flop_per_row"], "FLOP of training")
        for before, after in zip(layers, layers[1:]):
            expect(problems, before["output_row"] == after["input_row"], f"rows of {after['name']}")
            expect(problems, 0 <= after["stage"] - before["stage"] <= 1, f"stage of {after['name']}")
        for stage in stages:
            own = layers[stage["first_layer"]:stage["first_layer"] + stage["layers"]]
            expect(problems, own and all(layer["stage"] == stage["stage"] and layer["rank"] == stage["rank"] for layer in own),
                   f"layers of stage {stage['stage']}")
    checks.case(name, job, problems)
    return found


def readable(checks, folder, config, *arguments):
    job = job_of(folder, "--config", config, "--ranks", "4", *arguments)
    code, problems, text = job.wait(), [], job.output()
    expect(problems, code == 0, f"exit code {code}, expected 0")
    for pattern in [r"\d+ layers, \d+ parameters", "FLOP", "4 ranks, 4 stages", r"layers\.0\.\w+ ", r"\n +3 +3 +\d+"]:
        expect(problems, re.search(pattern, text), f"lacks {pattern}")
    widest = max(map(len, text.splitlines()), default=0)
    expect(problems, widest <= 100, f"{widest} columns wide")
    checks.case(os.path.basename(config), job, problems)


def make_digits(folder):
    os.mkdir(folder)
    write(os.path.join(folder, "images-idx3-ubyte"), struct.pack(">4I", 0x803, 100, 28, 28) + bytes(100 * 28 * 28))
    write(os.path.join(folder, "labels-idx1-ubyte"), struct.pack(">2I", 0x801, 100) + bytes(i % 10 for i in range(100)))


def every_configuration(checks, folder):
    configs = sorted(glob.glob(os.path.join(CONFIGS, "*.yaml")))
    assert len(configs) > 5
    for config in configs:
        name = os.path.basename(config)
        own = [f"data.path={OWN_DATA[name]}"] if name in OWN_DATA else []
        if name in ("gpt_1.3b.yaml", "bench_gpt2.yaml", "resnet18.yaml"):  # their layers take long to time
            own += ["pipeline.partition=uniform", "pipeline.schedule=1f1b"]
        readable(checks, folder, config, *sets(*own))


# (name, settings, parameters)
PUBLISHED = [
    ("ResNet-18", ["model.depth=18"], 11689512),
    ("ResNet-34", ["model.depth=34"], 21797672),
    ("ResNet-50", ["model.depth=50"], 25557032),
    ("GPT-2", ["model.preset=gpt2"], 124439808),
    ("GPT-2 medium", ["model.preset=gpt2-medium"], 354823168),
]


def published(checks, folder):
    """At their own sizes: images of 224 x 224 with 1000 classes, 50257 tokens."""
    row = ["train.batch_size=1", "pipeline.microbatches=1"]  # what memory it takes is counted by running it
    images = ["model.stem=7x7", "model.classes=1000", "data.image=[224, 224, 3]", "data.classes=1000", "data.samples=1000"]
    for name, settings, parameters in PUBLISHED:
        config = "resnet18.yaml" if name.startswith("ResNet") else "bench_gpt2.yaml"
        more = images if name.startswith("ResNet") else []
        found = described(checks, folder, name, "--config", os.path.join(CONFIGS, config), *sets(*settings, *row, *more))
        if found.get("parameters") != parameters:
            checks.failed += 1
            print(f"FAILED  {name} has {found.get('parameters')} parameters, published are {parameters}")


def stages(checks, folder):
    """(arguments, first layer of each stage, rank of each stage) of a model of 7 layers."""
    for arguments, firsts, ranks in [
            (["--ranks", "2", *sets("pipeline.partition=uniform")], [0, 4], [0, 1]),
            (["--ranks", "2", "--schedule", "zbv", *sets("pipeline.partition=uniform")], [0, 2, 4, 6], [0, 1, 1, 0]),
            (["--ranks", "2", "--schedule", "interleaved", *sets("pipeline.partition=uniform")], [0, 2, 4, 6], [0, 1, 0, 1]),
            (sets("pipeline.partition=[0, 1, 5]"), [0, 1, 5], [0, 1, 2]),
            ([], [0], [0])]:
        found = described(checks, folder, f"stages {firsts}", "--config", "model.yaml", *arguments)
        if [(s["first_layer"], s["rank"]) for s in found.get("stages", [])] != list(zip(firsts, ranks)):
            checks.failed += 1
            print(f"FAILED  {arguments}: found {found.get('stages')}")


def tied(checks, folder):
    found = described(checks, folder, "tied head", "--config", "model.yaml", "--ranks", "2")
    head = found["layers"][-1] if found else {}
    if head.get("tied_to") != "layers.0.embedding.token.weight" or head.get("parameters") != 0:
        checks.failed += 1
        print(f"FAILED  the head: {head}")


def refused(checks, folder, name, arguments, code, patterns):
    checks.refused(name, job_of(folder, *arguments), code, patterns)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        make_digits(os.path.join(folder, "digits"))
        every_configuration(checks, folder)
        published(checks, folder)
        stages(checks, folder)
        tied(checks, folder)
        model = ["--config", "model.yaml"]
        described(checks, folder, "no text for a known vocabulary", *model, *sets("model.vocabulary=30", "data.path=none.txt"))
        refused(checks, folder, "no configuration", ["--ranks", "4"], 2, ["--config"])
        refused(checks, folder, "no rank", [*model, "--ranks", "0"], 2, ["--ranks"])
        refused(checks, folder, "too many ranks", [*model, "--ranks", "8"], 2, ["8 stages", "7 layers"])
        refused(checks, folder, "a list for other ranks", [*model, "--ranks", "3", *sets("pipeline.partition=[0, 4]")], 2,
                ["pipeline.partition", "2", "3"])
        refused(checks, folder, "no text", [*model, *sets("data.path=none.txt")], 3, [r"none\.txt", "No such file"])
    checks.finish()


main()
