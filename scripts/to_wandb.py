#!/usr/bin/env python3
"""Copies finished runs into Weights & Biases, without a network: each becomes an offline run, which `wandb sync`
uploads later if you want that.

usage: to_wandb.py [--project NAME] [--output DIR] RUN_DIR...      (pip install wandb pyyaml)
"""
import argparse
import json
import pathlib

try:
    import wandb
    import yaml
except ImportError as missing:
    raise SystemExit(f"{missing}: pip install wandb pyyaml") from missing


def lines_of(run):
    """The lines of metrics.jsonl; the last may have been cut short by the end of the job."""
    for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            print(f"{run}: left out a line that is no JSON: {line[:40]}")


def copy(run, project, output):
    config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    copied = wandb.init(mode="offline", project=project, name=run.name, config=config, dir=output, reinit="finish_previous")
    count = 0
    for line in lines_of(run):
        step, figures = line.pop("step"), {}
        for name, value in line.items():
            if isinstance(value, list):  # one for each rank
                figures |= {f"{name}/{rank}": each for rank, each in enumerate(value)}
            elif value is not None:
                figures[name] = value
        copied.log(figures, step=step)
        count += 1
    folder = pathlib.Path(copied.dir).parent
    copied.finish()
    print(f"{run}: {count} lines; upload them with: wandb sync {folder}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", default="pipetrain")
    parser.add_argument("--output", default=".", help="the folder in which wandb/ is made")
    parser.add_argument("runs", nargs="+", type=pathlib.Path, metavar="RUN_DIR")
    options = parser.parse_args()
    for each in options.runs:
        copy(each.resolve(), options.project, options.output)
