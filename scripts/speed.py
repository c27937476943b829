#!/usr/bin/env python3
"""Runs pipetrain bench on several models in turns and prints medians. Called by speed.sh."""

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys

from compare import SHAKESPEARE, has_bfloat16
from compare_theirs import CORES, HERE, Failed, say, threads
from environment import last_line

CHARACTERS = " ".join(f"--set {setting}" for setting in SHAKESPEARE)


@dataclasses.dataclass
class Line:
    """A program to measure: pipetrain bench with a configuration and options on so many ranks."""

    work: str  # a name of --work
    text: str
    config: str
    ranks: int
    options: str
    rates: list = dataclasses.field(default_factory=list)  # what bench said, a dictionary of each round


LINES = [
    Line("mid", "mid, 1 rank, M=2", "bench_mid.yaml", 1, "--microbatches 2 --set train.batch_size=16 --steps 1"),
    Line("mid", "mid, 2 ranks, interleaved, M=8", "bench_mid.yaml", 2, "--schedule interleaved --steps 1"),
    Line("mid", "mid, 2 ranks, 1f1b, M=8", "bench_mid.yaml", 2, "--schedule 1f1b --steps 1"),
    Line("mid", "mid, 4 ranks, 1f1b, M=8", "bench_mid.yaml", 4, "--schedule 1f1b --steps 1"),
    *(Line("memory", f"mid, 2 ranks, 1f1b, M=4, recompute {parts}", "bench_mid.yaml", 2,
           f"--schedule 1f1b --microbatches 4 --set train.batch_size=32 --set pipeline.recompute={parts} --steps 1")
      for parts in ("none", "cheap", "selective")),
    Line("gpt2", "gpt2, 1 rank, M=1", "bench_gpt2.yaml", 1, "--microbatches 1"),
    Line("gpt2", "gpt2, 2 ranks, M=4 of one row", "bench_gpt2.yaml", 2, "--microbatches 4"),
    Line("shakespeare", "shakespeare, 1 rank, M=1", "shakespeare.yaml", 1, f"{CHARACTERS} --microbatches 1"),
    Line("shakespeare", "shakespeare, 2 ranks, zb-h1, M=6", "shakespeare.yaml", 2, f"{CHARACTERS} --schedule zb-h1"),
    Line("shakespeare", "shakespeare, 2 ranks, zbv, M=6", "shakespeare.yaml", 2, f"{CHARACTERS} --schedule zbv"),
    Line("resnet18", "resnet18, 1 rank, 64 images", "resnet18.yaml", 1, "--microbatches 1"),
]


def bench(pipetrain, line, precision):
    command = [os.path.join(os.path.dirname(pipetrain), "mpirun"), "-np", str(line.ranks), pipetrain, "bench", "--config",
               os.path.join(HERE, "..", "configs", line.config), "--set", f"train.precision={precision}", "--format", "json"]
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads(line.ranks)))
    job = subprocess.run(command + line.options.split(), env=environment, capture_output=True, text=True, check=False)
    if job.returncode:
        raise Failed(f"{line.text}: {last_line(job.stderr)}")
    return json.loads(job.stdout)


def rate(found):
    return next(value for key, value in found.items() if key.endswith("_per_second"))


def share(found):
    """In percent: of the best matrix product, or of the best of the model's convolutions."""
    return 100 * found.get("convolution_efficiency", found["efficiency"])


def resident(found):
    """Of rank 0, in MB."""
    return found["resident_bytes"][0] / 1e6


def spread(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def print_table(precision, lines):
    heads = [precision, "% of the best product", "tokens/s or images/s", "best product, GFLOP/s", "rank 0, MB"]
    print("| " + " | ".join(heads) + " |\n|" + " --- |" * len(heads))
    for line in lines:
        peaks = [found["peak_gflops"][found["efficiency_of"]] for found in line.rates]
        cells = [line.text, spread(list(map(share, line.rates)), 1), spread(list(map(rate, line.rates)), 0), spread(peaks, 0),
                 f"{statistics.median(map(resident, line.rates)):.0f}"]
        print("| " + " | ".join(cells) + " |")
    print("resnet18's share is that of the best convolution\n" if any(line.work == "resnet18" for line in lines) else "", flush=True)


def main():
    works = list(dict.fromkeys(line.work for line in LINES))
    parser = argparse.ArgumentParser(prog="speed.sh", description="Measures pipetrain bench on several models in turns.")
    parser.add_argument("--work", default=",".join(works), help="some of, and by default, %(default)s")
    parser.add_argument("--rounds", type=int, default=5, help="of which the median counts; default: %(default)s")
    parser.add_argument("--precision", default="float32,bfloat16", help="default: %(default)s, where the processor has the latter")
    parser.add_argument("--json", metavar="FILE", help="where all that bench said is written to")
    parser.add_argument("--pipetrain", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    asked, precisions = options.work.split(","), options.precision.split(",")
    for word, known in [*((w, works) for w in asked), *((p, ["float32", "bfloat16"]) for p in precisions)]:
        if word not in known:
            parser.error(f"'{word}' is unknown; expected some of {','.join(known)}")
    if options.rounds < 1:
        parser.error("--rounds: at least 1")
    if "bfloat16" in precisions and not has_bfloat16():
        say("bfloat16 is left out: this processor has no instructions for it")
        precisions.remove("bfloat16")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    said = {}
    for precision in precisions:
        lines = [dataclasses.replace(line, rates=[]) for line in LINES if line.work in asked]
        for number in range(1, options.rounds + 1):
            say(f"{precision}, round {number} of {options.rounds}")
            for line in lines:
                found = bench(options.pipetrain, line, precision)
                line.rates.append(found)
                say(f"  {line.text}: {share(found):.1f}%, {rate(found):.0f}, rank 0 {resident(found):.0f} MB")
        print_table(precision, lines)
        said[precision] = {line.text: line.rates for line in lines}
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump(said, file, indent=1)
    return 0 if said else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        sys.exit(str(failure))
