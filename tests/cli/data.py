#!/usr/bin/env python3
"""data.py PIPETRAIN MPIRUN: labelled texts train a classifier in epochs, the same on one rank and four; images and
texts that cannot be used end in one line with file and place and exit code 3, options that do not fit in exit code
2."""

import gzip
import json
import os
import re
import struct
import tempfile

from inputs import make_inputs, write
from job import Checks, Job, expect, one_error

IMAGES, PIXELS = 20, 16


def idx(magic, *extents):
    return struct.pack(f">{1 + len(extents)}I", magic, *extents)


def make_data(folder):
    images = idx(0x803, IMAGES, 4, 4) + bytes(range(256))[:PIXELS] * IMAGES
    labels = idx(0x801, IMAGES) + bytes(i % 4 for i in range(IMAGES))
    record = bytes([3]) + bytes(3072)
    files = {
        "images": images,
        "labels": labels,
        "images.gz": gzip.compress(images),
        "magic": b"\x00\x00\x0d\x03" + images[4:],
        "short": images[:-7],
        "long": images + b"more",
        "huge": idx(0x803, 0xFFFFFFFF, 0xFFFF, 0xFFFF),
        "cut.gz": gzip.compress(images)[:40],
        "fewer_labels": idx(0x801, 7) + bytes(7),
        "cifar": record * 20,
        "cifar_label": record * 7 + bytes([12]) + bytes(3072) + record * 12,
        "cifar_cut": record * 20 + b"cut",
        "news.csv": b'1,"a, ""b""",c\n2,d,e\n' * 10,  # 20 texts
        "empty_field.csv": b"1,a\n2,b\n1,\n",
        "open_quote.csv": b'1,a\n2,"b\n1,c\n',
        "heading.csv": b"label,text\n1,a\n",
        "columns.csv": b"1,a\n2,b,c\n",
        "label.csv": b"1,a\n" * 5 + b"7,b\n",
    }
    for name, content in files.items():
        write(os.path.join(folder, name), content)


def sets(*settings):
    return ["--config", "model.yaml"] + [word for setting in settings for word in ("--set", setting)]


def images(first, second="labels", *more):
    return sets("data.format=idx", f"data.path=[{first}, {second}]", *more)


def csv(name, *more):
    return sets("data.format=csv", f"data.path={name}", *more)


def cifar(name, *more):
    return sets("data.format=cifar", f"data.path={name}", *more)


# (name, ranks, arguments, exit code, patterns that the error line has in it)
CASES = [
    ("wrong magic", 2, images("magic"), 3, ["magic: magic 0x00000d03 at byte 0", "0x00000803"]),
    ("short file", 1, images("short"), 3, ["short: ", "336 bytes", "329"]),
    ("long file", 4, images("long"), 3, ["long: ", "336 bytes", "340"]),
    ("header beyond the file", 1, images("huge"), 3, ["huge: ", "header promises"]),
    ("cut gzip", 2, images("cut.gz"), 3, [r"cut\.gz: ", "cut off"]),
    ("fewer labels than images", 1, images("images.gz", "fewer_labels"), 3, ["7 labels", "20 images"]),
    ("labels missing", 1, images("images", "images"), 3, ["2 idx files with images and 0 with labels"]),
    ("label beyond the classes", 2, images("images", "labels", "data.classes=3"), 3, ["labels: label 3 .byte 11. is 3", "0 to 2"]),
    ("folder without images", 1, sets("data.format=idx", "data.path=."), 3, ["no file like"]),
    ("channels", 1, images("images", "labels", "data.mean=[0.1, 0.2]"), 3, ["data.mean has 2", "1 channels"]),
    ("CIFAR label", 1, cifar("cifar_label"), 3, ["label 7 .byte 21511. is 12", "0 to 9"]),
    ("CIFAR size", 2, cifar("cifar_cut"), 3, ["61463 bytes", "3073"]),
    ("empty field", 2, csv("empty_field.csv"), 3, [r"empty_field\.csv: line 3: column 2 is empty"]),
    ("open quote", 1, csv("open_quote.csv"), 3, ["line 2: a quote is opened"]),
    ("headings", 1, csv("heading.csv"), 3, ["line 1: column 1", "'label'", "headings"]),
    ("other columns", 4, csv("columns.csv"), 3, ["line 2: has 3 columns, expected 2"]),
    ("csv label", 1, csv("label.csv", "data.classes=2"), 3, ["line 6: label 7, expected 1 to 2"]),
    ("option without effect", 2, sets("data.flip=true"), 2, ["data.flip", "idx and cifar", "text"]),
    ("image without classes", 1, sets("data.format=synthetic", "data.image=[4, 4, 1]"), 2, ["data.image", "data.classes"]),
    ("labels for a language model", 2, csv("news.csv"), 2, ["last layer", "one label a row"]),
    ("images for a language model", 1, images("images"), 2, ["embedding", r"\(4, 4, 1\)"]),
    ("fewer samples than microbatches", 1, ["--config", "classifier.yaml", "--set", "data.validation_fraction=0.9"], 2,
     ["2 training samples", "4 microbatches"]),
    ("epochs of text", 2, sets("train.epochs=2"), 2, ["train.epochs", "train.steps"]),
]


# Three epochs of 8, 8 and 2 rows: 18 of the 20 texts train.
CLASSIFIER = """model: {preset: classifier, depth: 1, heads: 2, width: 8}
data: {format: csv, path: news.csv, tokenizer: word, sequence_length: 6}
pipeline: {microbatches: 4}
train: {epochs: 3, batch_size: 8, log_every: 1, eval_every: 2, checkpoint_every: 0}
"""


def trains(checks, folder, ranks):
    """The last two rows of an epoch do not fill four microbatches: two steps an epoch, and what they write."""
    output = os.path.join(folder, f"texts-{ranks}")
    job = Job(ranks, ["--config", "classifier.yaml", "--output", output], folder=folder)
    code, problems = job.wait(), []
    expect(problems, code == 0, f"exit code {code}, expected 0")
    lines = []
    if code == 0:
        with open(os.path.join(output, "metrics.jsonl"), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        with open(os.path.join(output, "tokenizer.json"), encoding="utf-8") as file:
            vocabulary = json.load(file)["vocabulary"]
        expect(problems, vocabulary[:2] == ["<padding>", "<unknown>"] and "b" in vocabulary, f"found {vocabulary}")
        expect(problems, len(lines) == 7, f"{len(lines)} lines, expected one of the start and 6 of steps")
        for line in lines:
            expect(problems, "samples" in line and "tokens" not in line, f"no samples: {line}")
            expect(problems, ("samples_per_second" in line) == (line["step"] > 0), f"no rate: {line}")
            expect(problems, ("val_accuracy" in line) == (line["step"] % 2 == 0), f"accuracy: {line}")
        expect(problems, re.search(r"validation loss [0-9.]+ +accuracy [0-9.]+%.*samples/s", job.error_output()),
               "no accuracy in the log")
    checks.case(f"texts in epochs ({ranks})", job, problems)
    return [(line.get("loss"), line.get("val_loss"), line.get("val_accuracy")) for line in lines]


def refused(checks, folder, name, ranks, arguments, code, patterns):
    checks.refused(f"{name} ({ranks})", Job(ranks, arguments, folder=folder), code, patterns)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        make_data(folder)
        write(os.path.join(folder, "classifier.yaml"), CLASSIFIER)
        if trains(checks, folder, 1) != trains(checks, folder, 4):
            checks.failed += 1
            print("FAILED  one rank and four have other losses")
        for case in CASES:
            refused(checks, folder, *case)
    checks.finish()


main()
