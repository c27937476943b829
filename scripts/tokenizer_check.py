#!/usr/bin/env python3
"""Compares `pipetrain tokenize` with the package `tokenizers` on hard texts, random ones and this repository:
  python scripts/tokenizer_check.py TOKENIZER.json|FOLDER... [--random N]
Prints a line for each tokenizer and fails if ids or texts differ. Makes itself a Python environment unless it runs with
that package.
"""
import argparse
import pathlib
import random
import subprocess
import sys
import tempfile

import environment

environment.enter("tokenizers", ["tokenizers==0.22.1"])
from tokenizers import Tokenizer  # noqa: E402

import tokenizer_golden as golden  # noqa: E402

PROGRAM = golden.ROOT / "build/app/pipetrain"
SIGNS = ["a", "b", "Z", "the", "ing", "é", "ß", "İ", "日", "本", "ー", "한", "ا", "ि", "\u0301", "\u200d", "👩", "🏽", "0", "12", "½", " ", " ", "  ", "\t",
         "\n", "\r\n", "\u00a0", "\u3000", "'s", "'LL", "’", "-", "_", "...", "!?", "$", "▁", "<s>", "</s>", "<|endoftext|>", "<0x0A>", "\u0085", "\ufeff", "ſ"]


def texts_of(count):
    chooser = random.Random(7)
    files = sorted(golden.ROOT.glob("lib/**/*.md")) + sorted(golden.ROOT.glob("scripts/*.py"))
    return (golden.TEXTS + [text.decode("utf-8", errors="replace") for text in golden.BROKEN] + [file.read_text(encoding="utf-8") for file in files] +
            ["".join(chooser.choices(SIGNS, k=chooser.randint(1, 60))) for _ in range(count)])


def run(*arguments):
    return subprocess.run([PROGRAM, "tokenize", *arguments], check=True, capture_output=True).stdout


def compare(path, texts):
    file = path / "tokenizer.json" if path.is_dir() else path
    theirs = Tokenizer.from_file(str(file))
    theirs.no_truncation()
    theirs.no_padding()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, text in enumerate(texts):
            paths.append(pathlib.Path(folder, str(number)))
            paths[-1].write_bytes(text.encode("utf-8", errors="surrogatepass"))
        for special in (False, True):
            flags = ["--special"] if special else []
            lines = run("--tokenizer", file, "--print", *flags, *paths).decode().split("\n")
            for text, line in zip(texts, lines):
                ids = theirs.encode(text, add_special_tokens=special).ids
                if list(map(int, line.split())) != ids:
                    wrong += 1
                    if wrong < 4:
                        print(f"  {text[:200]!r}: {line[:200]}, expected {ids[:50]}")
        joined = [token for text in texts for token in theirs.encode(text, add_special_tokens=False).ids]
        numbers = pathlib.Path(folder, "numbers")
        numbers.write_text(" ".join(map(str, joined)), encoding="utf-8")
        same_text = run("--tokenizer", file, "--decode", numbers).decode() == theirs.decode(joined)
    print(f"{path}: {len(texts)} texts, {wrong} with other ids, text {'the same' if same_text else 'DIFFERENT'}", flush=True)
    return wrong == 0 and same_text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tokenizers", nargs="+", type=pathlib.Path)
    parser.add_argument("--random", type=int, default=2000)
    arguments = parser.parse_args()
    texts = texts_of(arguments.random)
    sys.exit(0 if all([compare(path, texts) for path in arguments.tokenizers]) else 1)


if __name__ == "__main__":
    main()
