#!/usr/bin/env python3
"""eval.py PIPETRAIN MPIRUN: eval finds in a checkpoint, on any number of ranks, what training found at its end, to
the last digit and without memory for gradients; a checkpoint of another model, vocabulary or normalisation is refused
with the reason."""

import json
import math
import os
import struct
import tempfile

from inputs import CONFIG, make_inputs, write
from job import Checks, Job, expect, one_error

GPT = CONFIG.replace("eval_every: 0", "eval_every: 100").replace("output: run", "output: gpt").replace("width: 16", "width: 64")

# 48 of the 64 images train, in microbatches of 4; the last batch of the 16 that validate is short.
IMAGES = """model:
  layers:
    - conv2d: {channels: 8, kernel: 3, bias: false}
    - batch_norm: {relu: true}
    - residual: {layers: [{conv2d: {channels: 8, kernel: 3}}, batch_norm]}
    - global_mean_pool
    - linear: {features: classes}
data: {format: idx, path: [images, labels], validation_fraction: 0.25}
pipeline: {schedule: 1f1b, microbatches: 3}
train: {steps: 6, batch_size: 12, eval_every: 100, checkpoint_every: 0, output: images-run}
"""
GPT_CHECKPOINT, IMAGE_CHECKPOINT = "gpt/checkpoints/step-00000003", "images-run/checkpoints/step-00000006"


def idx(magic, *extents):
    return struct.pack(f">{1 + len(extents)}I", magic, *extents)


def make_data(folder):
    make_inputs(folder)
    pixels = bytes((i * i * 7 + i // 64 * 31) % 256 for i in range(64 * 64))
    files = {
        "gpt.yaml": GPT,
        "images.yaml": IMAGES,
        "images": idx(0x803, 64, 8, 8) + pixels,
        "labels": idx(0x801, 64) + bytes(i % 4 for i in range(64)),
        "other.txt": "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG. " * 100,  # as many characters
        "digits.txt": "0123456789" * 400,
    }
    for name, content in files.items():
        write(os.path.join(folder, name), content)


def sets(*settings):
    return [word for setting in settings for word in ("--set", setting)]


def eval_of(model, checkpoint, *more):
    return ["eval", "--config", model, "--checkpoint", checkpoint, *more]


def trained(checks, folder, model, output):
    """The last line of metrics."""
    job = Job(2, ["--config", model], folder=folder)
    code, problems, last = job.wait(), [], {}
    expect(problems, code == 0, f"exit code {code}, expected 0")
    if code == 0:
        with open(os.path.join(folder, output, "metrics.jsonl"), encoding="utf-8") as file:
            last = json.loads(file.readlines()[-1])
        expect(problems, "val_loss" in last, f"no evaluation: {last}")
    checks.case(f"train {model}", job, problems)
    return last


def same(checks, folder, ranks, arguments, expected):
    """`expected`: {key: value}; JSON has all digits, so equal numbers are equal bits."""
    job = Job(ranks, [*arguments, "--format", "json"], folder=folder)
    code, problems, found = job.wait(), [], {}
    expect(problems, code == 0, f"exit code {code}, expected 0")
    if code == 0:
        found = json.loads(job.output())
        for key, value in expected.items():
            expect(problems, found.get(key) == value, f"{key} {found.get(key)}, expected {value}")
        expect(problems, len(found["peak_bytes"]) == ranks, f"peak_bytes {found['peak_bytes']}")
    checks.case(f"{arguments[2]} as in training ({ranks})", job, problems)
    return found


def as_in_training(checks, folder):
    last = trained(checks, folder, "gpt.yaml", "gpt")
    loss = last.get("val_loss", 0)
    for ranks in (1, 2, 4):
        found = same(checks, folder, ranks, eval_of("gpt.yaml", GPT_CHECKPOINT), {"loss": loss, "step": 3})
        if abs(found.get("perplexity", 0) / math.exp(loss) - 1) > 1e-12 or "accuracy" in found:
            checks.failed += 1
            print(f"FAILED  perplexity {found.get('perplexity')} of loss {loss}")
        # Training has values, gradients and two moments of each of its weights.
        if ranks == 2 and not max(found.get("peak_bytes", [])) < max(last["peak_bytes"]) / 2:
            checks.failed += 1
            print(f"FAILED  peak {found.get('peak_bytes')}, in training {last['peak_bytes']}")
    same(checks, folder, 2, eval_of("gpt.yaml", GPT_CHECKPOINT, "--schedule", "zbv"), {"loss": loss})
    replicas = sets("parallel.data=2", "pipeline.microbatches=2")
    whole = same(checks, folder, 4, eval_of("gpt.yaml", GPT_CHECKPOINT, *replicas), {"step": 3})
    same(checks, folder, 4, eval_of("gpt.yaml", GPT_CHECKPOINT, *replicas, *sets("parallel.shard=parameters")),
         {"loss": whole.get("loss")})

    last = trained(checks, folder, "images.yaml", "images-run")
    expected = {"loss": last.get("val_loss"), "accuracy": last.get("val_accuracy"), "rows": 16, "step": 6}
    for ranks in (1, 2, 4):
        same(checks, folder, ranks, eval_of("images.yaml", IMAGE_CHECKPOINT), expected)
    same(checks, folder, 1, eval_of("images.yaml", IMAGE_CHECKPOINT, *sets("train.eval_batches=1")), {"rows": 12})
    same(checks, folder, 2, eval_of("images.yaml", IMAGE_CHECKPOINT, *sets("train.eval_every=0")), expected)


def text(checks, folder):
    job = Job(2, eval_of("gpt.yaml", GPT_CHECKPOINT), folder=folder)
    code, problems = job.wait(), []
    expect(problems, code == 0, f"exit code {code}, expected 0")
    for word in [GPT_CHECKPOINT + ", step 3", "loss  ", "perplexity  ", "tokens/s"]:
        expect(problems, word in job.output(), f"lacks {word}")
    checks.case("for people", job, problems)


# (name, ranks, arguments, exit code, patterns that the error line has in it)
CASES = [
    ("no checkpoint named", 1, ["eval", "--config", "gpt.yaml"], 2, ["--checkpoint DIR is missing"]),
    ("no configuration", 2, ["eval", "--checkpoint", GPT_CHECKPOINT], 2, ["--config"]),
    ("no such folder", 2, eval_of("gpt.yaml", "nowhere"), 4, ["nowhere", "no such folder"]),
    ("a run, not a checkpoint", 1, eval_of("gpt.yaml", "gpt"), 4, ["gpt: has no manifest.json", "step-00000500"]),
    ("other shapes", 2, eval_of("gpt.yaml", GPT_CHECKPOINT, *sets("model.width=32")), 4,
     [GPT_CHECKPOINT, r"layers\.0\.embedding\.token\.weight has shape \(28, 64\), expected \(28, 32\)"]),
    ("more layers", 2, eval_of("gpt.yaml", GPT_CHECKPOINT, *sets("model.depth=3")), 4, [r"tensor layers\.\d", "of another model"]),
    ("fewer layers", 1, eval_of("gpt.yaml", GPT_CHECKPOINT, *sets("model.depth=1")), 4, [r"has no tensor layers\.3\.layer_norm"]),
    ("weights left over", 1, eval_of("no_bias.yaml", IMAGE_CHECKPOINT), 4,
     [r"has a tensor layers\.4\.linear\.bias \(4\), the model has none"]),
    ("other characters", 1, eval_of("gpt.yaml", GPT_CHECKPOINT, *sets("data.path=digits.txt")), 4,
     ["another vocabulary", "char", "28 tokens", "10 tokens"]),
    ("as many other characters", 2, eval_of("gpt.yaml", GPT_CHECKPOINT, *sets("data.path=other.txt")), 4,
     ["another vocabulary", "as many, but not the same"]),
    ("other normalisation", 1, eval_of("images.yaml", IMAGE_CHECKPOINT, *sets("data.mean=0.3")), 4,
     ["pixels normalised by another rule", "data.mean"]),
    ("nothing validates", 2, eval_of("gpt.yaml", GPT_CHECKPOINT, *sets("data.validation_fraction=0")), 2,
     ["nothing to evaluate", "data.validation_fraction"]),
]


def not_finite(checks, folder):
    """Weights after a step that is far too long."""
    wild = ["optimizer.type=sgd", "optimizer.learning_rate=1e30", "train.steps=1", "train.eval_every=0", "train.output=wild"]
    job = Job(1, ["--config", "gpt.yaml", *sets(*wild)], folder=folder)
    checks.case("train too fast", job, [] if job.wait() == 0 else ["expected exit code 0"])
    job = Job(2, eval_of("gpt.yaml", "wild/checkpoints/step-00000001"), folder=folder)
    checks.case("loss not finite", job, one_error(job, 5, ["the loss is not finite"]))


def refused(checks, folder, name, ranks, arguments, code, patterns):
    crowded = {"PIPETRAIN_WAITS_SLEEP": "so that there is something to say"}
    checks.refused(f"{name} ({ranks})", Job(ranks, arguments, folder=folder, env=crowded), code, patterns)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_data(folder)
        write(os.path.join(folder, "no_bias.yaml"), IMAGES.replace("features: classes", "features: classes, bias: false"))
        as_in_training(checks, folder)
        text(checks, folder)
        not_finite(checks, folder)
        for case in CASES:
            refused(checks, folder, *case)
    checks.finish()


main()
