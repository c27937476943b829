#!/usr/bin/env python3
"""slices_check.py PIPETRAIN [MICROBATCHES [WIDTH [SCHEDULE...]]]: what slices of sequences do to the bubble and the
memory of 4 ranks at context 1024: drawn (`schedule`), foreseen (`plan`, and a run's own forecast) and measured
(`emulate` for the bubble, a run of a small GPT for the activations of the fullest rank). Default: 2 microbatches,
width 128, 1f1b and slim-1f1b. Prints a table."""

import json
import os
import subprocess
import sys
import tempfile

RANKS, CONTEXT = 4, 1024
SLICES = (1, 2, 4, 8)
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
CONFIG = """model: {{preset: gpt, depth: 8, heads: 4, width: {width}, context: 1024, vocabulary: auto}}
data: {{format: text, path: text.txt, tokenizer: char, validation_fraction: 0.1}}
pipeline: {{schedule: 1f1b, microbatches: {microbatches}, partition: uniform}}
train: {{steps: 2, batch_size: {microbatches}, eval_every: 0, checkpoint_every: 0, output: run}}
"""


def run(folder, ranks, *words):
    launcher = ["mpirun", "--map-by", ":OVERSUBSCRIBE", "--bind-to", "none", "-np", str(ranks)] if ranks > 1 else []
    done = subprocess.run([*launcher, os.path.abspath(sys.argv[1]), *map(str, words)], cwd=folder, env=ENVIRONMENT,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


def percent(share):
    return f"{100 * share:.1f}%"


def megabytes(count):
    return f"{count / 1e6:.2f}"


def plans_of(folder, schedules):
    """The bubble and memory that `plan` foresees, by schedule and slices, of the configuration's own sizes."""
    found = {}
    answer = json.loads(run(folder, 1, "plan", "--config", "config.yaml", "--ranks", RANKS, "--format", "json"))
    for plan in answer["plans"]:
        own = plan["pipeline"] == RANKS and plan["microbatches"] == answer["configured"]["microbatches"]
        if own and plan["schedule"] in schedules and plan["recompute"] == "cheap":
            found[plan["schedule"], plan["slices"]] = plan
    return found


def activations(folder, schedule, slices):
    """Of the fullest rank of a run: foreseen and taken."""
    output = f"{schedule}-{slices}"
    run(folder, RANKS, "--config", "config.yaml", "--schedule", schedule, "--set", f"pipeline.slices={slices}", "--output", output)
    with open(os.path.join(folder, output, "run.json"), encoding="utf-8") as file:
        record = json.load(file)
    foreseen = max(rank["activations"] for rank in record["memory"])
    taken = max(rank["taken"]["activations"] for rank in record["figures"]["ranks"])
    tensors = max(rank["tensor_bytes"] for rank in record["figures"]["ranks"])
    return foreseen, taken, tensors


def main():
    microbatches = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    width = int(sys.argv[3]) if len(sys.argv) > 3 else 128
    schedules = sys.argv[4:] or ["1f1b", "slim-1f1b"]
    print(f"4 ranks, M={microbatches}, context {CONTEXT}, width {width}; bubbles: drawn at F=I=W, gradients first; memory in MB, of the fullest rank")
    print("| schedule | slices | live | bubble drawn | planned | emulated | activations foreseen | taken | of whole ones | all tensors |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "text.txt"), "w", encoding="utf-8") as file:
            file.write("".join(chr(97 + i * i % 23) for i in range(60 * CONTEXT)))
        with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as file:
            file.write(CONFIG.format(microbatches=microbatches, width=width))
        plans = plans_of(folder, schedules)
        whole = None  # 1f1b's, or that of the first schedule
        for schedule in schedules:
            for slices in SLICES:
                sizes = ("--ranks", RANKS, "--microbatches", microbatches, "--slices", slices, "--format", "json")
                drawn = json.loads(run(folder, 1, "schedule", "--name", schedule, *sizes))
                emulated = json.loads(run(folder, RANKS, "emulate", "--schedule", schedule, *sizes[2:], "--costs-ms", "40,40,40"))
                plan = plans.get((schedule, slices))
                foreseen, taken, tensors = activations(folder, schedule, slices)
                whole = whole or taken
                print(f"| `{schedule}` | {slices} | {max(drawn['peak_live_microbatches']):g} | "
                      f"{percent(drawn['bubble_fraction_gradients_first'])} | {percent(plan['bubble_fraction']) if plan else '-'} | "
                      f"{percent(emulated['bubble_measured'])} | {megabytes(foreseen)} | {megabytes(taken)} | {taken / whole:.3f} | {megabytes(tensors)} |", flush=True)


if __name__ == "__main__":
    main()
