#!/usr/bin/env python3
"""Measures pipetrain bench and PyTorch (or Flax) in turns on the same work. Called by compare_pytorch.sh."""

import argparse
import dataclasses
import json
import os
import re
import statistics
import subprocess
import sys
import time

from compare_theirs import CORES, HERE, Failed, Theirs, python_with, say, threads, way_name
from environment import last_line

VARIANTS = {"attention": ["fused", "plain"], "optimizer": ["fused", "foreach"], "compile": [False, True]}


@dataclasses.dataclass
class Line:
    work: str  # what is measured, a name of --work
    config: str
    text: str
    microbatches: int
    ranks: int = 1
    unit: str = "tokens/s"
    per_sample: int = 1  # units of a sample
    settings: tuple = ()  # further ones of the configuration
    ours: tuple = ("",)  # schedules of pipetrain; "": the configuration's
    theirs: tuple = ()  # of torch.distributed.pipelining
    program: str = "compare_pytorch.py"
    theirs_ranks: int = 0  # 0: as many
    rows: int = 0  # of a step's batch, where it is not the configuration's


# Random characters, as many different ones as the text has.
SHAKESPEARE = ("data.format=synthetic", "model.vocabulary=65")
OURS = ("1f1b", "zb-h1", "interleaved", "zbv")
THEIRS = ("1f1b", "gpipe", "interleaved", "interleaved-zb", "zbv")
LINES = [
    Line("mid", "bench_mid.yaml", "mid, 1 rank x 2 threads, M=8", 8, per_sample=256),
    Line("mid", "bench_mid.yaml", "mid, 2 ranks x 1 thread, M=8", 8, 2, per_sample=256, ours=OURS, theirs=THEIRS),
    Line("gpt2", "bench_gpt2.yaml", "gpt2, 1 rank x 2 threads, M=1", 1, per_sample=64),
    Line("shakespeare", "shakespeare.yaml", "shakespeare, 1 rank x 2 threads, M=1", 1, per_sample=64, settings=SHAKESPEARE),
    Line("shakespeare", "shakespeare.yaml", "shakespeare, 2 ranks x 1 thread, M=6", 6, 2, per_sample=64, settings=SHAKESPEARE,
         ours=OURS, theirs=THEIRS),
    Line("resnet18", "resnet18.yaml", "resnet18, 1 rank x 2 threads, 64 images at once", 1, unit="images/s"),
    Line("classifier", "classifier.yaml", "classifier, 4 ranks, M=8, and Flax", 8, 4, "texts/s", program="compare_flax.py", theirs_ranks=1),
    Line("classifier_small", "classifier_small.yaml", "classifier_small, 4 ranks, M=4, and Flax", 4, 4, "texts/s",
         program="compare_flax.py", theirs_ranks=1),
]


def shortened(line):
    """On one rank two microbatches are as good as many; a schedule needs them all, but a quarter of a large batch
    will do."""
    with open(os.path.join(HERE, "..", "configs", line.config), encoding="utf-8") as file:
        rows = int(re.search(r"\bbatch_size: (\d+)", file.read()).group(1))
    if line.ranks == 1 and line.microbatches > 2:
        return dataclasses.replace(line, text=line.text.replace(f"M={line.microbatches}", "M=2"), microbatches=2,
                                   rows=2 * rows // line.microbatches)
    if line.theirs and rows // 4 >= line.microbatches:
        return dataclasses.replace(line, text=f"{line.text}, {rows // 4} rows", rows=rows // 4)
    return line


class Ours:
    """pipetrain bench with a schedule."""

    def __init__(self, options, line, precision, schedule):
        settings = [f"train.precision={precision}", f"pipeline.microbatches={line.microbatches}", *line.settings]
        settings += [f"pipeline.schedule={schedule}"] if schedule else []
        settings += [f"train.batch_size={line.rows}"] if line.rows else []
        given = ["--config", os.path.join(HERE, "..", "configs", line.config), *(w for s in settings for w in ("--set", s))]
        self.schedule, self.environment = schedule, dict(os.environ, OMP_NUM_THREADS=str(threads(line.ranks)))
        self.describe = [options.pipetrain, "describe", *given, "--ranks", str(line.ranks), "--format", "json"]
        run = [os.path.join(os.path.dirname(options.pipetrain), "mpirun"), "-np", str(line.ranks)]
        steps = ["--steps", str(options.steps)] if options.steps else []
        self.bench = [*run, options.pipetrain, "bench", *given, *steps, "--format", "json"]

    def output(self, command):
        job = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if job.returncode:
            raise Failed(last_line(job.stderr))
        return json.loads(job.stdout)

    def parameters(self):
        return self.output(self.describe)["parameters"]

    def rate(self):
        """Units a second."""
        return next(value for key, value in self.output(self.bench).items() if key.endswith("_per_second"))


def best_of_ours(options, line, precision):
    """Among the schedules, by one bench of each."""
    found = {}
    for schedule in line.ours:
        candidate = Ours(options, line, precision, schedule)
        try:
            found[schedule] = (candidate, candidate.rate() if len(line.ours) > 1 else 0)
            say(f"  pipetrain, {schedule or 'as configured'}: {found[schedule][1]:.1f}" if len(line.ours) > 1 else "  pipetrain")
        except Failed as failure:
            say(f"  pipetrain, {schedule}: {failure}")
    if not found:
        raise Failed("pipetrain does not run it")
    return max(found.values(), key=lambda candidate: candidate[1])[0]


def best_of_theirs(options, line, precision):
    """One choice after the other is made by a short measurement; the best so far keeps waiting. Returns it, and what
    failed and why."""
    python = python_with("flax" if "flax" in line.program else "torch", options.python)
    failed = []
    choices = {"schedule": list(line.theirs) or [""], "bfloat16": ["autocast", "weights"] if precision == "bfloat16" else [""], **VARIANTS}
    if line.work == "resnet18":
        choices["attention"] = [""]
    if line.program != "compare_pytorch.py":
        choices = {choice: values[:1] for choice, values in choices.items()}
        choices.update(bfloat16=[""], attention=["jitted"], compile=[True], optimizer=[""])
    chosen, best, best_rate = {choice: values[0] for choice, values in choices.items()}, None, 0
    few = line.microbatches if line.theirs else min(2, line.microbatches)
    for number, (choice, values) in enumerate(choices.items()):
        for value in values[1 if number > 0 else 0:]:
            asked, candidate = dict(chosen, **{choice: value}), None
            try:
                candidate = Theirs(python, line, asked, options.limit)
                rate = candidate.rate(min(2, options.seconds), few)
                say(f"  {candidate.version}, {candidate.name}: {rate:.1f} {line.unit}")
            except Failed as failure:
                failed.append((way_name(asked), str(failure)))
                say(f"  {way_name(asked)}: failed: {failure}")
                continue
            worse = candidate
            if rate > best_rate:
                chosen, best_rate, best, worse = asked, rate, candidate, best
            if worse is not None:
                worse.stop()
    if best is None:
        raise Failed("none of its ways runs")
    return best, failed


def compare(options, line, precision):
    say(f"{line.text}, {precision}")
    theirs, failed = best_of_theirs(options, line, precision)
    try:
        parameters = Ours(options, line, precision, line.ours[0]).parameters()
        if parameters != theirs.parameters:
            raise Failed(f"not the same model: {parameters} parameters here and {theirs.parameters} in {theirs.version}")
        say(f"  {parameters} parameters in both")
        ours, rates = best_of_ours(options, line, precision), ([], [])
        for number in range(1, options.rounds + 1):
            rates[0].append(ours.rate())
            rates[1].append(theirs.rate(options.seconds, line.microbatches))
            say(f"  round {number}: {rates[0][-1]:.1f} and {rates[1][-1]:.1f} {line.unit}")
    finally:
        theirs.stop()
    medians = [statistics.median(each) for each in rates]
    return {"work": line.text, "precision": precision, "unit": line.unit, "parameters": parameters, "pipetrain": medians[0],
            "other": medians[1], "ratio": medians[0] / medians[1], "schedule": ours.schedule, "variant": theirs.name,
            "version": theirs.version, "failed": failed, "rounds": {"pipetrain": rates[0], "other": rates[1]}}


def has_bfloat16():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return re.search(r"^flags\b.*\s(avx512_bf16|amx_bf16)\b", file.read(), re.MULTILINE) is not None


def print_table(rows):
    heads = ["work", "precision", "pipetrain", "other", "ratio", "pipetrain ran", "the other ran"]
    cells = [[row["work"], row["precision"], f"{row['pipetrain']:.1f} {row['unit']}", f"{row['other']:.1f}", f"{row['ratio']:.2f}",
              row["schedule"] or "as configured", row["version"] + ", " + row["variant"]] for row in rows]
    for row in [heads, ["---"] * len(heads), *cells]:
        print("| " + " | ".join(row) + " |")
    for row in rows:
        for way, why in row["failed"]:
            print(f"failed: {row['work']}, {row['precision']}: {way}: {why}")


def main():
    works = list(dict.fromkeys(line.work for line in LINES))
    parser = argparse.ArgumentParser(prog="compare_pytorch.sh", description="Measures pipetrain and PyTorch (or Flax) in turns.")
    parser.add_argument("--work", default="mid,gpt2,shakespeare,resnet18", help=f"some of {','.join(works)}; default: %(default)s")
    parser.add_argument("--rounds", type=int, help="alternating rounds, of which the median counts; default: 5")
    parser.add_argument("--short", action="store_true", help="2 rounds, each of one step after the warm-up, of fewer rows where that says as much")
    parser.add_argument("--precision", default="float32,bfloat16", help="default: %(default)s, where the processor has the latter")
    parser.add_argument("--seconds", type=float, help="that the other framework trains in a round, one step at least; default: 10")
    parser.add_argument("--limit", type=float, default=180, metavar="S",
                        help="seconds in which one of its ways has to start, compile and answer, or it has failed; default: %(default)s")
    parser.add_argument("--python", metavar="FILE", help="of an environment with torch, or flax, to be used as it is in place of an own one")
    parser.add_argument("--json", metavar="FILE", help="where all rounds are written to")
    parser.add_argument("--pipetrain", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.short else 5)
    options.seconds = options.seconds or (2 if options.short else 10)
    options.steps = 1 if options.short else 0  # 0: bench's own default
    asked, precisions = options.work.split(","), options.precision.split(",")
    for word, known in [*((w, works) for w in asked), *((p, ["float32", "bfloat16"]) for p in precisions)]:
        if word not in known:
            parser.error(f"'{word}' is unknown; expected some of {','.join(known)}")
    if options.python and not os.access(options.python, os.X_OK):
        parser.error(f"--python: there is no program '{options.python}'")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])  # for both
    if "bfloat16" in precisions and not has_bfloat16():
        say("bfloat16 is left out: this processor has no instructions for it")
        precisions.remove("bfloat16")
    rows, left_out = [], []
    for line in (shortened(each) if options.short else each for each in LINES if each.work in asked):
        start = time.monotonic()
        for precision in precisions:
            if precision == "bfloat16" and line.program == "compare_flax.py":
                continue
            try:
                rows.append(compare(options, line, precision))
            except Failed as failure:
                left_out.append(f"left out: {line.text}, {precision}: {failure}")
                say("  " + left_out[-1])
        say(f"  {time.monotonic() - start:.0f} s")
    print_table(rows)
    print(*left_out, sep="\n", end="\n" if left_out else "")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
