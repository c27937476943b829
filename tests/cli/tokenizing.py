#!/usr/bin/env python3
"""tokenizing.py PIPETRAIN MPIRUN: texts become the numbers that the library `tokenizers` gives them and come back, a
tokenizer of one's own is trained, and whatever is wrong with a tokenizer's file is one line that names it."""

import json
import os
import re
import tempfile

from job import Checks, Job, expect, one_error

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../golden/tokenizers")
NO_MPI = {"OMPI_MCA_pml": "none_such"}  # with it MPI_Init fails


def golden(name):
    with open(os.path.join(GOLDEN, name), encoding="utf-8") as file:
        return json.load(file)


def run(checks, name, *arguments, code=0):
    """What it wrote to standard output."""
    job = Job(1, list(arguments), env=NO_MPI)
    found, problems = job.wait(), []
    expect(problems, found == code, f"exit code {found}, expected {code}")
    expect(problems, not job.error_output(), "wrote to standard error")
    checks.case(name, job, problems)
    return job.output()


def refused(checks, name, arguments, code, words):
    job = Job(1, arguments, env=NO_MPI)
    checks.case(name, job, one_error(job, code, [re.escape(word) for word in words]))


def same(checks, name, found, expected):
    if found != expected:
        checks.failed += 1
        print(f"FAILED  {name}: {found[:300]!r}, expected {expected[:300]!r}")


def there_and_back(checks, work):
    number = 23  # the quick brown fox
    text = bytes.fromhex(golden("texts.json")[number])
    file, numbers = os.path.join(work, "text"), os.path.join(work, "numbers")
    with open(file, "wb") as output:
        output.write(text)
    for name in ("gpt2", "llama2", "bert", "unigram"):
        tokenizer = os.path.join(GOLDEN, name + ".json")
        expected = golden(name + ".ids.json")
        ids = run(checks, f"print {name}", "tokenize", "--tokenizer", tokenizer, "--print", file)
        same(checks, f"ids of {name}", ids, " ".join(map(str, expected["ids"][number])) + "\n")
        special = run(checks, f"print {name} with special tokens", "tokenize", "--tokenizer", tokenizer, "--print", "--special", file)
        same(checks, f"special ids of {name}", special, " ".join(map(str, expected["special"][number])) + "\n")
        with open(numbers, "w", encoding="utf-8") as output:
            output.write(special)
        back = run(checks, f"decode {name}", "tokenize", "--tokenizer", tokenizer, "--decode", numbers)
        same(checks, f"text of {name}", back, expected["text"][number])


def trained(checks, work):
    text = os.path.join(GOLDEN, "bert.json")
    files = []
    for threads in ("1", "3"):
        made = os.path.join(work, "made" + threads)
        run(checks, f"train with {threads} threads", "tokenizer", "--train", text, "--vocabulary", "400", "--output", made, "--threads", threads)
        with open(made + "/tokenizer.json", encoding="utf-8") as file:
            files.append(file.read())
    same(checks, "the tokenizer of three threads", files[1], files[0])
    numbers = os.path.join(work, "numbers")
    ids = run(checks, "print by a folder", "tokenize", "--tokenizer", made, "--print", text)
    with open(numbers, "w", encoding="utf-8") as file:
        file.write(ids)
    with open(text, encoding="utf-8") as file:
        same(checks, "the text", run(checks, "decode by a folder", "tokenize", "--tokenizer", made, "--decode", numbers), file.read())


def wrong(checks, work):
    """(name, what a tokenizer.json becomes, or its text; exit code 3, words of the error)"""
    def changed(name, change):
        file = golden(name + ".json")
        change(file)
        return json.dumps(file)

    files = [
        ("cut short", json.dumps(golden("gpt2.json"))[:5000], ["is no JSON, or was cut short"]),
        ("empty", "", ["cut short"]),
        ("no tokenizer", "[1]", ["is not the description of a tokenizer"]),
        ("unknown model", changed("bert", lambda f: f["model"].update(type="WordLevel")), ["type WordLevel is not supported", "BPE, Unigram, WordPiece"]),
        ("unknown pattern", changed("llama3", lambda f: f["pre_tokenizer"]["pretokenizers"][0].update(pattern={"Regex": "\\h+"})), ["'\\h' is not supported"]),
        ("broken pattern", changed("llama3", lambda f: f["pre_tokenizer"]["pretokenizers"][0].update(pattern={"Regex": "(a"})), ["pattern"]),
        ("unknown part", changed("bert", lambda f: f["normalizer"].update(type="Precompiled")), ["normalizer: its type Precompiled is not supported"]),
        ("unknown key", changed("bert", lambda f: f["normalizer"].update(fold=True)), ["normalizer: its key fold is not supported"]),
        ("merge of no token", changed("gpt2", lambda f: f["model"]["merges"].append(["zz", "q"])), ["merge 163 names the token 'zz'"]),
        ("dropout", changed("gpt2", lambda f: f["model"].update(dropout=0.1)), ["dropout is not supported"]),
        ("ids twice", changed("gpt2", lambda f: f["model"]["vocab"].update(new=7)), ["two tokens have the id 7"]),
        ("id beyond", changed("roberta", lambda f: f["post_processor"].update(sep=["</s>", 4000])), ["4000", "423 tokens"]),
        ("added id", changed("gpt2", lambda f: f["added_tokens"][0].update(id=9)), ["'<|endoftext|>' has the id 9, expected 0"]),
    ]
    text = os.path.join(GOLDEN, "texts.json")
    for name, content, words in files:
        path = os.path.join(work, "wrong.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        refused(checks, name, ["tokenize", "--tokenizer", path, "--print", text], 3, ["tokenizer: ", *words])
    gpt2 = os.path.join(GOLDEN, "gpt2.json")
    numbers = os.path.join(work, "numbers")
    with open(numbers, "w", encoding="utf-8") as file:
        file.write("1 2 420")
    for name, arguments, code, words in [
        ("a number beyond", ["--tokenizer", gpt2, "--decode", numbers], 3, ["byte 4: found '420'", "from 0 to 419"]),
        ("no file", ["--tokenizer", gpt2, "--print", "/nowhere"], 3, ["/nowhere"]),
        ("no tokenizer's file", ["--tokenizer", "/nowhere", "--print", text], 3, ["/nowhere", "tokenizer.json"]),
        ("neither", ["--tokenizer", gpt2, text], 2, ["one of --output, --print and --decode"]),
        ("no tokenizer named", ["--print", text], 2, ["--tokenizer PATH is missing"]),
        ("no input", ["--tokenizer", gpt2, "--print"], 2, ["INPUT, a file, is missing"]),
    ]:
        refused(checks, name, ["tokenize", *arguments], code, words)
    for name, arguments, code, words in [
        ("few tokens", ["--train", text, "--vocabulary", "100", "--output", work], 2, ["--vocabulary", "from 257"]),
        ("no training file", ["--train", "/nowhere", "--vocabulary", "300", "--output", work], 3, ["/nowhere"]),
        ("a tokenizer is there", ["--train", text, "--vocabulary", "300", "--output", os.path.join(work, "made3")], 2, ["made3 has a tokenizer.json already"]),
        ("no output", ["--train", text, "--vocabulary", "300"], 2, ["--output DIR is missing"]),
    ]:
        refused(checks, name, ["tokenizer", *arguments], code, words)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as work:
        there_and_back(checks, work)
        trained(checks, work)
        wrong(checks, work)
    checks.finish()


main()
