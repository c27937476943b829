#!/usr/bin/env python3
"""documents.py PIPETRAIN MPIRUN: documents become a file of tokens, the same for any number of threads; training takes
it, or the documents themselves by way of the cache, with the same bits on any number of ranks; and whatever is wrong
with a document, a file or a tokenizer is one line that names it."""

import gzip
import json
import os
import struct
import tempfile

from inputs import write
from job import Checks, Job, expect, one_error

CONFIG = """
model: {preset: gpt, depth: 1, heads: 2, width: 16, context: 8}
data:
  format: documents
  path: docs
  tokenizer: byte
pipeline: {schedule: 1f1b, microbatches: 2, partition: uniform}
train: {steps: 4, batch_size: 4, eval_every: 2, log_every: 1, output: run}
"""


def run(checks, work, name, arguments, ranks=1, patterns=(), code=0):
    job = Job(ranks, arguments, folder=work, env={"XDG_CACHE_HOME": os.path.join(work, "home")})
    found, problems = job.wait(), []
    expect(problems, found == code, f"exit code {found}, expected {code}: {job.error_output()[-300:]}")
    for pattern in patterns:
        expect(problems, pattern in job.output() + job.error_output(), f"does not say {pattern!r}: {job.output()}")
    checks.case(name, job, problems)
    return job


def refused(checks, work, name, arguments, patterns, code=3):
    job = Job(1, arguments, folder=work)
    checks.case(name, job, one_error(job, code, patterns))
    return job


def contents(work, name):
    with open(os.path.join(work, name), "rb") as file:
        return file.read()


def make_documents(work):
    os.makedirs(os.path.join(work, "docs/more"))
    lines = "".join(json.dumps({"id": i, "text": f"document {i} " + "word " * (i % 17)}) + "\n" for i in range(900))
    write(os.path.join(work, "docs/a.jsonl"), lines)
    with gzip.open(os.path.join(work, "docs/more/b.txt.gz"), "wt", encoding="utf-8") as file:
        file.write("A text of its own. " * 40)
    write(os.path.join(work, "bad.jsonl"), lines + "{\"text\": 1}\n" + "{\"text\": \"x\n")


def tokens_of_documents(checks, work):
    for threads in ("1", "3"):
        job = run(checks, work, f"tokenize on {threads} threads",
            ["tokenize", "--tokenizer", "byte", "--output", f"{threads}.bin", "--threads", threads, "docs"],
            patterns=["901 documents", "tokens of byte tokenizer"])
    problems, made = [], contents(work, "1.bin")
    expect(problems, made == contents(work, "3.bin"), "the number of threads changes the file")
    tokens, documents = struct.unpack_from("<QQ", made, 16)
    expect(problems, documents == 901 and len(made) == 256 + 2 * tokens + 8 * documents, "the header is wrong")
    expect(problems, bytes(made[256:276:2]) == b"document 0", "the tokens are wrong")
    checks.case("the file", job, problems)


def bad_documents(checks, work):
    base = ["tokenize", "--tokenizer", "byte", "--output", "bad.bin"]
    refused(checks, work, "a bad line", [*base, "bad.jsonl"],
            ["bad.jsonl: line 901 \\(byte \\d+\\): its field \"text\" is a number", "data.on_bad_document"])
    run(checks, work, "bad lines are skipped", [*base, "--on-bad-document", "skip", "bad.jsonl"],
        patterns=["900 documents", "2 bad documents skipped; the first: ", "line 901"])
    os.remove(os.path.join(work, "bad.bin"))
    refused(checks, work, "another field", [*base, "--field", "body", "docs/a.jsonl"],
            ["line 1 \\(byte 0\\): has no field \"body\", only \"id\", \"text\""])
    refused(checks, work, "nothing there", [*base, "none*.txt"], ["none\\*.txt: no file matches"])
    before = contents(work, "docs/a.jsonl")
    job = refused(checks, work, "a text as its own output", ["tokenize", "--tokenizer", "byte", "--output", "docs/a.jsonl", "docs/a.jsonl"],
                  ["--output docs/a.jsonl is there and is not a file of tokens"], code=2)
    problems = []
    expect(problems, contents(work, "docs/a.jsonl") == before, "the text was written over")
    checks.case("the text stays", job, problems)
    job = refused(checks, work, "no input", base, ["INPUT, a file, is missing"], code=2)
    problems = []
    expect(problems, not [name for name in os.listdir(work) if name.startswith("bad.bin")], "leaves a file")
    checks.case("nothing is left of what failed", job, problems)


def figures(work, output):
    with open(os.path.join(work, output, "metrics.jsonl"), encoding="utf-8") as file:
        return [{key: line.get(key) for key in ("step", "loss", "val_loss", "targets")} for line in map(json.loads, file)]


def training(checks, work):
    write(os.path.join(work, "config.yaml"), CONFIG)
    train = ["train", "--config", "config.yaml", "--output"]
    run(checks, work, "train on documents", [*train, "one"], patterns=["901 documents as byte tokens"])
    cache = os.path.join(work, "home", "pipetrain")
    cached = os.listdir(cache)
    run(checks, work, "train on two ranks", [*train, "two"], ranks=2)
    job = run(checks, work, "train on the file",
        [*train, "file", "--set", "data.format=tokens", "--set", "data.path=1.bin", "--set", "data.tokenizer=byte"])
    problems = []
    expect(problems, len(cached) == 1 and cached == os.listdir(cache), f"the cache holds {cached}")
    expect(problems, figures(work, "one") == figures(work, "two"), "two ranks have other figures")
    expect(problems, figures(work, "one") == figures(work, "file"), "the file of tokens gives other figures")
    expect(problems, figures(work, "one")[-1]["targets"] == 32, "the metrics do not say how many targets count")
    checks.case("the same figures", job, problems)
    separate = ["--set", "data.documents=separate", "--set", "data.windows=epochs"]
    run(checks, work, "separate documents", [*train, "apart", *separate])
    job = run(checks, work, "separate documents on four ranks", [*train, "ranks", *separate, "--set", "parallel.data=2"],
              ranks=4)
    problems = []
    one, four = figures(work, "apart"), figures(work, "ranks")
    expect(problems, all(abs(a["loss"] / b["loss"] - 1) < 1e-6 and a["targets"] == b["targets"]
                         for a, b in zip(one[1:], four[1:])), f"four ranks have other figures: {one} and {four}")
    expect(problems, sum(line["targets"] for line in one[1:]) < 4 * 32, "all targets count")
    expect(problems, one[1]["loss"] != figures(work, "one")[1]["loss"], "documents see each other")
    checks.case("the same figures of separate documents", job, problems)
    convolved = "layers: [{embedding: {width: 16}}, {conv1d: {channels: 16, kernel: 3}}, {linear: {features: 256}}]"
    write(os.path.join(work, "convolved.yaml"), CONFIG.replace("preset: gpt, depth: 1, heads: 2, width: 16, context: 8", convolved)
          .replace("tokenizer: byte", "tokenizer: byte\n  sequence_length: 8"))
    refused(checks, work, "a convolution that sees other documents",
            ["train", "--config", "convolved.yaml", "--set", "data.documents=separate"],
            ["data.documents: separate, but layers.1.conv1d lets tokens of a row follow from all others"], code=2)
    refused(checks, work, "no places of documents",
            [*train, "x", "--set", "data.format=text", "--set", "data.path=bad.jsonl", *separate],
            ["bad.jsonl: does not say where documents begin"])
    refused(checks, work, "no tokenizer", [*train, "x", "--set", "data.tokenizer=char"], ["data.tokenizer", "is char"], code=2)
    made = bytearray(contents(work, "1.bin"))
    made[60] ^= 1
    with open(os.path.join(work, "damaged.bin"), "wb") as file:
        file.write(made)
    refused(checks, work, "a damaged header", [*train, "x", "--set", "data.format=tokens", "--set", "data.path=damaged.bin"],
            ["damaged.bin: its header is damaged"])


def ends_of_texts(checks, work):
    """A model that has learned where documents end stops there, and its tokenizer travels with it."""
    with open(os.path.join(work, "short.jsonl"), "w", encoding="utf-8") as file:
        file.write((json.dumps({"text": "one two three"}) + "\n") * 400)
    tokenizer = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../golden/tokenizers/gpt2.json")
    run(checks, work, "a model of short documents", ["train", "--config", "config.yaml", "--set", "data.path=short.jsonl", "--set",
        f"data.tokenizer={tokenizer}", "--set", "train.steps=120", "--set", "optimizer.learning_rate=0.02", "--set",
        "model.context=16", "--set", "train.eval_every=0", "--output", "short"])
    trained = os.path.join(work, "short/checkpoints/step-00000120")
    run(checks, work, "its tokenizer goes with an export", ["export", "--checkpoint", trained, "--format", "hf", "--output", "hf"])
    run(checks, work, "and comes back", ["import", "--from", "hf", "--output", "back"])
    for ranks, checkpoint in ((1, trained), (2, trained), (1, "back")):
        name = f"the text ends where documents do, {ranks} ranks, {os.path.basename(checkpoint)}"
        job = run(checks, work, name, ["generate", "--checkpoint", checkpoint, "--prompt", "one two", "--tokens", "99",
                                       "--temperature", "0"], ranks)
        problems = []
        expect(problems, job.output() == "one two three\n", f"wrote {job.output()!r}")
        checks.case(name + ": its words", job, problems)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as work:
        make_documents(work)
        tokens_of_documents(checks, work)
        bad_documents(checks, work)
        training(checks, work)
        ends_of_texts(checks, work)
    checks.finish()


main()
