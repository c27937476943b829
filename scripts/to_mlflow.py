#!/usr/bin/env python3
"""Copies finished runs into MLflow, without a server: figures, configuration and files go into a data base and
a folder, which `mlflow ui --backend-store-uri sqlite:///mlflow.db` shows.

usage: to_mlflow.py [--experiment NAME] [--output DIR] RUN_DIR...      (pip install mlflow pyyaml)
"""
import argparse
import json
import pathlib

try:
    import mlflow
    import yaml
except ImportError as missing:
    raise SystemExit(f"{missing}: pip install mlflow pyyaml") from missing


def lines_of(run):
    """The lines of metrics.jsonl; the last may have been cut short by the end of the job."""
    for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            print(f"{run}: left out a line that is no JSON: {line[:40]}")


def flat(tree, prefix=""):
    """{"train": {"steps": 5}} becomes {"train.steps": 5}."""
    found = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        found |= flat(value, name + ".") if isinstance(value, dict) else {name: value}
    return found


def copy(run):
    config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    count = 0
    with mlflow.start_run(run_name=run.name) as copied:
        mlflow.log_params({name: str(value)[:500] for name, value in flat(config).items()})
        for line in lines_of(run):
            step, figures = line.pop("step"), {}
            for name, value in line.items():
                if isinstance(value, list):  # one for each rank
                    figures |= {f"{name}/{rank}": each for rank, each in enumerate(value)}
                elif isinstance(value, (int, float)):
                    figures[name] = value
            mlflow.log_metrics(figures, step=step)
            count += 1
        for name in ("config.yaml", "schedule.csv", "metrics.csv", "report.html"):
            if (run / name).exists():
                mlflow.log_artifact(str(run / name))
    print(f"{run}: {count} lines as MLflow run {copied.info.run_id}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiment", default="pipetrain")
    parser.add_argument("--output", default=".", help="the folder of mlflow.db, and of mlruns/ for files")
    parser.add_argument("runs", nargs="+", type=pathlib.Path, metavar="RUN_DIR")
    options = parser.parse_args()
    place = pathlib.Path(options.output).resolve()
    mlflow.set_tracking_uri(f"sqlite:///{place}/mlflow.db")
    if mlflow.get_experiment_by_name(options.experiment) is None:
        mlflow.create_experiment(options.experiment, artifact_location=(place / "mlruns").as_uri())
    mlflow.set_experiment(options.experiment)
    for each in options.runs:
        copy(each.resolve())
