#!/usr/bin/env python3
"""bad_models.py PIPETRAIN MPIRUN: models that do not fit together or do not fit their data end in one line with the
place, the sizes and exit code 2; tables of text that are not what they should be in one with file, line and exit code
3. Bytes that are not UTF-8 are text like any other."""

import json
import os
import struct
import tempfile

from inputs import make_inputs, write
from job import Checks, Job, expect, one_error

REST = "pipeline: {microbatches: 2}\ntrain: {steps: 2, batch_size: 4, eval_every: 0, checkpoint_every: 0, output: run}\n"
TOKENS = "data: {format: text, path: corpus.txt, sequence_length: 8}\n"
IMAGES = "data: {format: idx, path: [images, labels]}\n"  # of 6 x 6 pixels, 4 classes
TEXTS = "data: {format: csv, path: %s, tokenizer: word, sequence_length: 4}\n"
EMBEDDING, HEAD = "embedding: {width: 12}", "linear: {features: vocabulary}"
ENDING = ["global_mean_pool", "linear: {features: classes}"]


def model(layers, data):
    return "model:\n  layers:\n" + "".join(f"    - {layer}\n" for layer in layers) + data + REST


def of_tokens(*layers):
    """The first of these layers is on line 4."""
    return model([EMBEDDING, *layers, HEAD], TOKENS)


def of_images(*layers):
    """The first of these layers is on line 3."""
    return model([*layers, *ENDING], IMAGES)


def preset(words, data):
    return "model: {" + words + "}\n" + data + REST


def of_texts(name):
    return preset("preset: classifier, depth: 1, heads: 2, width: 8", TEXTS % name)


def idx(magic, *extents):
    return struct.pack(f">{1 + len(extents)}I", magic, *extents)


TABLES = {
    "label.csv": b"1,a\n,b\n",
    "quote_inside.csv": b'1,a\n2,b "c" d\n',
    "after_quote.csv": b'1,"a"b\n2,c\n',
    "never_closed.csv": b'1,a\n2,"b\n\n\n',
    "only_label.csv": b"1\n2\n",
    "later_columns.csv": b'1,"a\nstill a",b\n2,c\n',
    "carriage.csv": b'1,"a"\rb\n',
    "mark.csv": b"\xef\xbb\xbf",
    "negative.csv": b"1,a\n-2,b\n",
    "huge.csv": b"1,a\n99999999999,b\n",
    "bytes.csv": b'1,a \xff\xfe b\n2,"c \xc3"\n' * 10,
}

# (name, configuration, exit code, patterns that the error line has in it)
CASES = [
    ("conv1d beyond its tokens", of_tokens("conv1d: {channels: 12, kernel: 9, padding: 0}"), 2,
     [r"\.yaml:4: conv1d: kernel 9 is larger than its input \(8, 12\) with a padding of 0"]),
    ("conv2d beyond its image", of_images("conv2d: {channels: 4, kernel: 7, padding: 0}"), 2,
     [r"\.yaml:3: conv2d: kernel 7 is larger than its input \(6, 6, 1\)"]),
    ("conv2d beyond what a pool left", of_images("max_pool: {kernel: 3}", "conv2d: {channels: 4, kernel: 3, padding: 0}"), 2,
     [r"\.yaml:4: conv2d: kernel 3 .*\(2, 2, 1\)"]),
    ("max pool beyond its image", of_images("max_pool: {kernel: 7}"), 2, [r"\.yaml:3: max_pool: kernel 7 .*\(6, 6, 1\)"]),
    ("average pool beyond its image", of_images("average_pool: {kernel: 8}"), 2, [r"\.yaml:3: average_pool: kernel 8 .*\(6, 6, 1\)"]),
    ("max pool beyond its tokens", of_tokens("max_pool: {kernel: 9}"), 2, [r"\.yaml:4: max_pool: kernel 9 .*\(8, 12\)"]),
    ("average pool beyond its tokens", of_tokens("average_pool: {kernel: 9}"), 2, [r"\.yaml:4: average_pool: kernel 9 .*\(8, 12\)"]),
    ("padding beyond the kernel", of_images("conv2d: {channels: 4, kernel: 3, padding: 3}"), 2,
     [r"\.yaml:3: conv2d: padding 3 is not below the kernel 3"]),
    ("conv2d of tokens", of_tokens("conv2d: {channels: 4, kernel: 3}"), 2,
     [r"\.yaml:4: conv2d: takes rows of \(height, width, channels\), but gets \(8, 12\)"]),
    ("a name that clears the screen", of_images(r'"re\e[2Jlu"'), 2, [r"\.yaml:3: re \[2Jlu: unknown layer"]),
    ("more microbatches than a list of actions holds",
     of_tokens("relu").replace("microbatches: 2", "microbatches: 9000000").replace("batch_size: 4", "batch_size: 9000000"), 2,
     ["9000000 microbatches", "at most 5 million actions"]),
    ("groups", of_images("conv2d: {channels: 4, kernel: 3, groups: 2}"), 2, [r"\.yaml:3: conv2d: unknown option 'groups'"]),
    ("heads and width", of_tokens("attention: {heads: 5}"), 2, [r"\.yaml:4: attention: heads 5 do not divide the width 12"]),
    ("kv_heads and heads", of_tokens("transformer_block: {heads: 6, kv_heads: 4}"), 2,
     [r"\.yaml:4: transformer_block: kv_heads 4 do not divide the heads 6"]),
    ("odd heads that turn", of_tokens("transformer_block: {heads: 4, positions: rotary}"), 2,
     [r"\.yaml:4: transformer_block: .*a head has 3 entries", "even"]),
    ("odd heads of a Llama", preset("preset: llama, depth: 1, heads: 4, width: 12", TOKENS), 2, ["model.heads", "3 entries", "even"]),
    ("heads of a Llama", preset("preset: llama, depth: 1, heads: 5, width: 12", TOKENS), 2, ["model.heads", "5 heads", "width 12"]),
    ("kv_heads of a Llama", preset("preset: llama, depth: 1, heads: 6, kv_heads: 4, width: 24", TOKENS), 2,
     ["model.kv_heads", "4 kv_heads", "heads 6"]),
    ("a skip across blocks", of_images("conv2d: {channels: 4, kernel: 3}", "relu", "add: {from: layers.0}"), 2,
     [r"\.yaml:5: add: a model is sequential from block to block", "residual"]),
    ("a block with another input", of_tokens("mlp: {mlp_ratio: 2, input: layers.0}"), 2,
     [r"\.yaml:4: mlp: a model is sequential from block to block"]),
    ("a sum of unlike rows", of_images("residual: {layers: [{conv2d: {channels: 4, kernel: 3}}]}"), 2,
     [r"\.yaml:3: residual: its layers make \(6, 6, 4\) of \(6, 6, 1\)", "skip: projected"]),
    ("patches and image", preset("preset: vit, depth: 1, heads: 2, width: 8, patch: 4", IMAGES), 2,
     [r"patch 4 does not divide the image \(6, 6, 1\)"]),
    ("image and stem", preset("preset: resnet, depth: 18, stem: 5x5", IMAGES), 2, ["model.stem", "5x5", "3x3", "7x7"]),
    ("fewer classes than labels", preset("preset: resnet, depth: 18, classes: 3", IMAGES), 2, ["3 outputs", "4 classes", "model.classes"]),
    ("an empty validation split", model(ENDING, IMAGES.replace("labels]", "labels], validation_fraction: 0.01")), 3,
     ["labels: of its 20 samples the validation part has none", "data.validation_fraction"]),
    ("an empty training split", model(ENDING, IMAGES.replace("labels]", "labels], validation_fraction: 0.99")), 3,
     ["labels: of its 20 samples the training part has none"]),
    ("a short validation split", preset("preset: gpt, depth: 1, heads: 2, width: 8, context: 8",
                                        TOKENS.replace("8}", "8, validation_fraction: 0.001}")), 3,
     [r"corpus\.txt: the validation part has 5 tokens, expected at least 9"]),
    ("empty label", of_texts("label.csv"), 3, [r"label\.csv: line 2: column 1 is empty"]),
    ("quote within a field", of_texts("quote_inside.csv"), 3, [r"quote_inside\.csv: line 2: column 2 has a quote within"]),
    ("text after a quote", of_texts("after_quote.csv"), 3, [r"after_quote\.csv: line 1: after a closing quote comes 'b'"]),
    ("quote that is never closed", of_texts("never_closed.csv"), 3, [r"never_closed\.csv: line 2: a quote is opened and never closed"]),
    ("labels alone", of_texts("only_label.csv"), 3, [r"only_label\.csv: line 1: has 1 columns, expected 2 or more"]),
    ("a column less", of_texts("later_columns.csv"), 3, [r"later_columns\.csv: line 3: has 2 columns, expected 3"]),
    ("carriage return", of_texts("carriage.csv"), 3, [r"carriage\.csv: line 1: a carriage return"]),
    ("no records", of_texts("mark.csv"), 3, [r"mark\.csv: .*none"]),
    ("negative label", of_texts("negative.csv"), 3, [r"negative\.csv: line 2: column 1, the label, is '-2'"]),
    ("huge label", of_texts("huge.csv"), 3, [r"huge\.csv: line 2: .*'99999999999'"]),
]


def keeps_bytes(checks, folder):
    """They are units of the vocabulary, as lists of bytes."""
    job = Job(2, ["--config", "bytes.yaml"], folder=folder)
    code, problems = job.wait(), []
    expect(problems, code == 0, f"exit code {code}, expected 0")
    if code == 0:
        with open(os.path.join(folder, "run/tokenizer.json"), encoding="utf-8") as file:
            vocabulary = json.load(file)["vocabulary"]
        for unit in ("a", [0xFF, 0xFE], [0xC3]):
            expect(problems, unit in vocabulary, f"no {unit} in {vocabulary}")
    checks.case("bytes that are not UTF-8 (2)", job, problems)


def refused(checks, folder, name, text, code, patterns, ranks):
    write(os.path.join(folder, "wrong.yaml"), text)
    checks.refused(f"{name} ({ranks})", Job(ranks, ["--config", "wrong.yaml"], folder=folder), code, patterns)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        write(os.path.join(folder, "images"), idx(0x803, 20, 6, 6) + bytes(20 * 36))
        write(os.path.join(folder, "labels"), idx(0x801, 20) + bytes(i % 4 for i in range(20)))
        for name, content in TABLES.items():
            write(os.path.join(folder, name), content)
        write(os.path.join(folder, "bytes.yaml"), of_texts("bytes.csv"))
        keeps_bytes(checks, folder)
        for i, (name, text, code, patterns) in enumerate(CASES):
            refused(checks, folder, name, text, code, patterns, ranks=1 + i % 4 // 3)
    checks.finish()


main()
