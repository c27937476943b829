#!/usr/bin/env python3
"""One text larger than memory should be: how long `pipetrain tokenize` takes and how much memory, by threads:
  scripts/large_text.py [--gigabytes 2.5] [--threads 1,2] [--tokenizer TOKENIZER.json] [--pipetrain PROGRAM]
                        [--folder DIR]
Makes a file of so many gigabytes out of this repository's text, each copy of it with a number of its own, and makes
tokens of it. Prints a line for each number of threads: megabytes a second, the largest resident memory, and whether the
files of tokens are the same. The first 20 MB are tokenized as a whole, too, and must have the same tokens.
"""
import argparse
import hashlib
import os
import pathlib
import struct
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WHOLE = 20_000_000  # bytes that are also tokenized as a whole


def make_text(path, size):
    files = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("*/**/*.md")), *sorted(ROOT.glob("lib/**/*.cpp")), *sorted(ROOT.glob("lib/**/*.h"))]
    text = "".join(file.read_text(encoding="utf-8") for file in files if "build" not in file.parts)
    with open(path, "w", encoding="utf-8") as file:
        number, written = 0, 0
        while written < size:
            written += file.write(f"\n\nCopy {number} of it:\n{text}")
            number += 1


def tokenize(arguments, output, inputs):
    """Seconds and the largest resident memory in megabytes."""
    start = time.time()
    process = subprocess.Popen([arguments.pipetrain, "tokenize", "--tokenizer", arguments.tokenizer, "--no-progress", "--output", output, *inputs], stdout=subprocess.DEVNULL)
    largest = 0  # rusage would count what this script had when it started the process
    while process.poll() is None:
        with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
            largest = max([largest, *(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))])
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"tokenize ends with exit code {process.returncode}")
    return time.time() - start, largest * 1024 / 1e6


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()


def tokens_of(path):
    with open(path, "rb") as file:
        header = file.read(256)
        width, tokens = struct.unpack_from("<IQ", header, 12)
        return file.read(width * tokens), width


def check_start(arguments, folder, text):
    """The tokens of the text's start in parts, and as a whole."""
    start = os.path.join(folder, "start.txt")
    with open(text, "rb") as source, open(start, "wb") as file:
        file.write(source.read(WHOLE).rsplit(b"\n", 1)[0])
    output = os.path.join(folder, "start.bin")
    tokenize(arguments, output, [start])
    parts, width = tokens_of(output)
    printed = subprocess.run([arguments.pipetrain, "tokenize", "--tokenizer", arguments.tokenizer, "--print", start], check=True, capture_output=True).stdout
    whole = b"".join(int(number).to_bytes(width, "little") for number in printed.split())
    if not parts.startswith(whole) or len(parts) > len(whole) + width:
        raise SystemExit("the tokens of the parts are not those of the whole")
    print(f"the first {os.path.getsize(start) / 1e6:.0f} MB: the same {len(whole) // width} tokens in parts and as a whole", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gigabytes", type=float, default=2.5)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--tokenizer", default=str(ROOT / "tests/golden/tokenizers/gpt2.json"))
    parser.add_argument("--pipetrain", default=str(ROOT / "build/app/pipetrain"))
    parser.add_argument("--folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        text, digests = os.path.join(folder, "large.txt"), set()
        make_text(text, arguments.gigabytes * 1e9)
        check_start(arguments, folder, text)
        for threads in arguments.threads.split(","):
            output = os.path.join(folder, "large.bin")
            seconds, memory = tokenize(arguments, output, ["--threads", threads, text])
            digests.add(digest(output))
            size = os.path.getsize(text) / 1e6
            print(f"threads {threads}: {size:.0f} MB in {seconds:.0f} s, {size / seconds:.1f} MB/s, resident {memory:.0f} MB", flush=True)
        print("the same file of tokens" if len(digests) == 1 else "DIFFERENT files of tokens")


if __name__ == "__main__":
    main()
