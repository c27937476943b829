#!/usr/bin/env python3
"""How fast tokenizers are, ours and the package `tokenizers`, on the same text and threads, in turn:
  scripts/tokenizer_speed.py [--text FILE] [--rounds 3] [--threads 1,2] [TOKENIZER.json...]
Makes itself a Python environment unless it runs with that package, trains a tokenizer of GPT-2's and one of Llama 3's
kind (32000 tokens) unless some are named, and prints a line for each: megabytes a second (the best of the rounds) and
whether there are as many ids. Needs a build with `ninja -C build tests/text/tokenizer_speed`.
"""
import argparse
import pathlib
import subprocess
import sys

import environment

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = pathlib.Path(environment.CACHE) / "tokenizers"
PROGRAM = ROOT / "build/tests/text/tokenizer_speed"


def text_of_repository():
    """Prose and code, some megabytes: this repository's files until there are 20 MB."""
    files = [*sorted(ROOT.glob("**/*.md")), *sorted(ROOT.glob("lib/**/*.cpp")), *sorted(ROOT.glob("lib/**/*.h"))]
    text = "".join(file.read_text(encoding="utf-8") for file in files if "build" not in file.parts)
    return text * (20_000_000 // len(text.encode()) + 1)


def train(text, folder):
    sys.path.insert(0, str(ROOT / "scripts"))
    import tokenizer_golden as golden
    from tokenizers import pre_tokenizers
    paths = []
    for name, cuts in (("gpt2", pre_tokenizers.ByteLevel(add_prefix_space=False)), ("llama3", golden.split_bytes(golden.LLAMA3))):
        path = folder / f"{name}.json"
        if not path.exists():
            golden.corpus = lambda: [text[:4_000_000]]
            golden.byte_level(cuts, size=32000, ignore_merges=name == "llama3").save(str(path))
        paths.append(path)
    return paths


def documents_of(data):
    """As the program cuts them: at the first line's end behind 10 kB."""
    documents, at = [], 0
    while at < len(data):
        line = data.find(b"\n", at + 10_000)
        end = len(data) if line < 0 else line + 1
        documents.append(data[at:end].decode("utf-8", errors="replace"))
        at = end
    return documents


def theirs(path, text_file, threads):
    """In a process of its own, since the number of threads is read once."""
    code = ("import sys, time, tokenizers; sys.path.insert(0, sys.argv[3]); import tokenizer_speed as speed\n"
            "made = tokenizers.Tokenizer.from_file(sys.argv[1]); documents = speed.documents_of(open(sys.argv[2], 'rb').read())\n"
            "made.encode_batch_fast(documents[:20], add_special_tokens=False); start = time.time()\n"
            "ids = sum(len(one.ids) for one in made.encode_batch_fast(documents, add_special_tokens=False))\n"
            "print(time.time() - start, ids)")
    variables = {"RAYON_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "true" if threads > 1 else "false"}
    result = subprocess.run([sys.executable, "-c", code, path, text_file, ROOT / "scripts"], env=variables, check=True, capture_output=True, text=True)
    seconds, ids = result.stdout.split()
    return pathlib.Path(text_file).stat().st_size / float(seconds) / 1e6, int(ids)


def ours(path, text_file, threads):
    output = subprocess.run([PROGRAM, path, text_file, str(threads), "0.1"], check=True, capture_output=True, text=True).stdout
    return float(output.split()[0]), int(output.split()[2])


def main():
    environment.enter("tokenizers", ["tokenizers==0.22.1"])
    parser = argparse.ArgumentParser()
    parser.add_argument("--text")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("tokenizers", nargs="*")
    arguments = parser.parse_args()
    text_file = arguments.text or str(WORK / "text.txt")
    if not arguments.text:
        WORK.mkdir(parents=True, exist_ok=True)
        pathlib.Path(text_file).write_text(text_of_repository(), encoding="utf-8")
    for path in arguments.tokenizers or train(pathlib.Path(text_file).read_text(encoding="utf-8"), WORK):
        for threads in map(int, arguments.threads.split(",")):
            rounds = [(ours(path, text_file, threads), theirs(path, text_file, threads)) for _ in range(arguments.rounds)]
            mine, other = (max(speed for speed, _ in column) for column in zip(*rounds))
            same = "the same ids" if rounds[0][0][1] == rounds[0][1][1] else f"DIFFERENT: {rounds[0][0][1]} and {rounds[0][1][1]} ids"
            print(f"{pathlib.Path(path).stem}, threads {threads}: ours {mine:.1f} MB/s, tokenizers {other:.1f} MB/s, {mine / other:.1f} times, {same}", flush=True)


if __name__ == "__main__":
    main()
