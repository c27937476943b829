#!/usr/bin/env python3
"""classifiers.py PIPETRAIN MPIRUN: a classifier of Hugging Face's comes in, trains and goes out again with its labels;
one that is of no family there is refused for the first layer that shows it, and goes out as plain weights."""

import json
import os
import shutil
import tempfile

from exchange import STEP, Folder, equal, export, import_from, loss_of, refused, run
from inputs import CONFIG, make_inputs, write
from job import Checks

CLASSIFIER = CONFIG.replace("preset: gpt", "preset: classifier").replace("format: text", "format: csv") \
    .replace("corpus.txt", "rows.csv")
POSITIONS = """model:
  layers:
    - embedding: {width: 8, positions: 8}
    - conv1d: {channels: 8, kernel: 3}
    - mean_pool
    - linear: {features: classes}
data:
  sequence_length: 8
"""
GOLDEN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "golden")
WORDS = {word: i for i, word in enumerate("[PAD] [UNK] [CLS] [SEP] the quick brown fox jumps 0 1 2".split())}
TOKENIZER = {"model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                       "max_input_chars_per_word": 100, "vocab": WORDS},
             "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
             "pre_tokenizer": {"type": "BertPreTokenizer"}, "normalizer": None, "decoder": None, "added_tokens": [],
             "truncation": None, "padding": None, "version": "1.0"}


def texts(checks, work):
    """An imported BERT labels them: what fills up rows changes nothing, and it trains on 2 ranks as on 1."""
    shutil.copytree(os.path.join(GOLDEN, "hf_bert"), os.path.join(work, "bert-hf"))
    write(os.path.join(work, "bert-hf", "tokenizer.json"), json.dumps(TOKENIZER))
    import_from(checks, work, "bert-hf", "bert-in")
    own = "bert-in/config.yaml"
    loss = loss_of(checks, work, own, "bert-in", "--set", "data.path=rows.csv")
    short = loss_of(checks, work, own, "bert-in", "--set", "data.path=rows.csv", "--set", "data.sequence_length=8")
    if loss is None or short is None or abs(loss - short) > 1e-6 * loss:
        checks.failed += 1
        print(f"FAILED  loss {loss} of rows filled up to 12 tokens, {short} of 8")
    last = {}
    for ranks in (1, 2):
        run(checks, work, f"train bert on {ranks}",
            ["--config", own, "--set", "data.path=rows.csv", "--set", "train.steps=3",
             "--microbatches", "4", "--output", f"bert-{ranks}"], ranks)
        last[ranks] = loss_of(checks, work, own, f"bert-{ranks}" + STEP, "--set", "data.path=rows.csv")
    equal(checks, "loss of 2 ranks", last[2], last[1])
    export(checks, work, "bert-2" + STEP, "hf", "bert-out")
    with open(os.path.join(work, "bert-out", "config.json"), encoding="utf-8") as file:
        equal(checks, "labels", json.load(file)["id2label"], {"0": "cat", "1": "dog, or wolf", "2": "bird"})
    equal(checks, "files", sorted(os.listdir(os.path.join(work, "bert-out"))),
          ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"])


def refusals(checks, work):
    Folder(GOLDEN, "hf_vit", os.path.join(work, "labels")).config(id2label={"0": "a", "1": "b"})
    refused(checks, work, "other labels than rows of the head", ["import", "--from", "labels"], 4,
            [r"classifier.weight has shape \(3, 16\), expected \(2, 16\)"])
    for name, reason in (("preset", "embedding, has no positions"),
                         ("positions", "conv1d, stands where token_types is expected")):
        run(checks, work, f"train {name}", ["--config", name + ".yaml", "--output", name])
        refused(checks, work, f"{name} as hf", ["export", "--checkpoint", name + STEP, "--format", "hf"], 2,
                ["of no family of Hugging Face's", reason, "an imported BERT", "--format safetensors"])
        export(checks, work, name + STEP, "safetensors", name + "-plain")


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as work:
        make_inputs(work)
        write(os.path.join(work, "preset.yaml"), CLASSIFIER)
        write(os.path.join(work, "positions.yaml"), POSITIONS + CLASSIFIER[CLASSIFIER.index("data:") + len("data:\n"):])
        write(os.path.join(work, "rows.csv"), "".join(f"{i % 3},the quick brown fox {i % 3} jumps\n" for i in range(100)))
        texts(checks, work)
        refusals(checks, work)
    checks.finish()


main()
