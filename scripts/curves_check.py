#!/usr/bin/env python3
"""Reads a run's event files with TensorBoard's own reader and compares every figure with metrics.jsonl; then
metrics.csv, too.

usage: curves_check.py RUN_DIR...      (pip install tensorboard; of a run with train.tensorboard: true)
"""
import csv
import json
import math
import pathlib
import struct
import sys

from tensorboard.backend.event_processing import event_accumulator


def figures_of(value, name=""):
    """The figures of a line by their names: of a list name/0, name/1, ..."""
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        return {name: value}
    found = {}
    for key, part in parts:
        found |= figures_of(part, f"{name}/{key}" if name else str(key))
    return found


def single(number):
    """As float32, which is what event files keep."""
    return struct.unpack("f", struct.pack("f", number))[0]


def check(run):
    lines = [figures_of(json.loads(line)) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    expected = {}
    for line in lines:
        for name, value in line.items():
            numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
            if name != "step" and numeric and math.isfinite(value):
                expected.setdefault(name, []).append((line["step"], single(value)))
    reader = event_accumulator.EventAccumulator(str(run), size_guidance={event_accumulator.SCALARS: 0})
    reader.Reload()
    found = {tag: [(event.step, event.value) for event in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}
    problems = []
    if found.keys() != expected.keys():
        problems.append(f"tags differ: {sorted(found.keys() ^ expected.keys())}")
    for name in found.keys() & expected.keys():
        if found[name] != expected[name]:
            problems.append(f"{name}: {len(found[name])} values of TensorBoard are not the {len(expected[name])} of metrics.jsonl")
    with open(run / "metrics.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for line, row in zip(lines, rows, strict=True):
        cells = {name.replace(".", "/"): text for name, text in row.items() if text != ""}
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in line.items() if value is not None}
        if {name: json.loads(text) for name, text in cells.items()} != {name: json.loads(text) for name, text in texts.items()}:
            problems.append(f"metrics.csv, step {line['step']}: {cells} is not {texts}")
    figures = sum(map(len, found.values()))
    print(f"{run}: {len(found)} curves, {figures} figures as in metrics.jsonl, {len(rows)} rows in metrics.csv" if not problems
          else f"{run}: " + "; ".join(problems))
    return not problems


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(0 if all([check(pathlib.Path(run)) for run in sys.argv[1:]]) else 1)
