#!/usr/bin/env python3
"""plan.py PIPETRAIN MPIRUN: plans as a user asks for them: text, JSON, a written configuration that trains,
refusals."""

import json
import os
import re
import tempfile

from inputs import make_inputs
from job import Checks, Job, expect, one_error

PLAN_KEYS = {"data": int, "tensor": int, "pipeline": int, "schedule": str, "virtual_stages": int, "microbatches": int,
             "recompute": str, "shard": str, "precision": str, "step_seconds": float, "bubble_fraction": float,
             "memory_bytes": int, "slices": int}


def plan(*arguments):
    return ["plan", "--config", "model.yaml", *arguments]


def as_json(checks, folder, name, ranks, arguments, check):
    job = Job(ranks, arguments, folder=folder)
    code = job.wait()
    problems = []
    expect(problems, code == 0, f"exit code {code}, expected 0")
    try:
        report = json.loads(job.output())
        expect(problems, report["plans"], "no plans")
        steps = [entry["step_seconds"] for entry in report["plans"]]
        expect(problems, steps == sorted(steps), "not the best first")
        for entry in report["plans"]:
            for key, kind in PLAN_KEYS.items():
                expect(problems, isinstance(entry[key], kind), f"{key} is {entry.get(key)!r}")
            expect(problems, entry["shard"] in ("none", "optimizer", "parameters"), f"cannot run {entry}")
            expect(problems, entry["data"] > 1 or entry["shard"] == "none", f"shards nothing: {entry}")
            expect(problems, entry["data"] * entry["tensor"] * entry["pipeline"] <= report["ranks"], f"too many ranks: {entry}")
        for row in report["comparison"]:
            expect(problems, 0 < row["efficiency"] <= 1.2, f"efficiency {row}")
        expect(problems, {row["way"] for row in report["comparison"]} >= {"pipeline", "data", "tensor"}, "ways missing")
        check(problems, report)
    except (KeyError, ValueError) as error:
        problems.append(f"no report: {error!r} in {job.output()[:300]}")
    checks.case(name, job, problems)


def alone(problems, report):
    precisions = {entry["precision"] for entry in report["plans"] + report["comparison"]}
    expect(problems, precisions == {"float32"}, f"weighs {precisions} unasked")
    expect(problems, report["configured"]["schedule"] == "1f1b", "the configuration's schedule is missing")
    expect(problems, report["configured"]["microbatches"] == 4, "the configuration's M is missing")
    expect(problems, report["measured"]["messages"] == "estimated", "messages")
    names = {entry["schedule"] for entry in report["plans"]}
    expect(problems, names >= {"gpipe", "1f1b", "zb-h1", "interleaved", "zbv", "auto"}, f"only {names}")


def on_ranks(problems, report):
    expect(problems, report["measured"]["messages"] == "measured", "messages")
    expect(problems, report["measured"]["ranks_at_once"] == 2, "ranks at once")
    expect(problems, report["ranks"] == 4, "ranks")


def told(problems, report):
    measured = report["measured"]
    expect(problems, measured["rank_speeds"] == [1, 0.25], f"speeds {measured['rank_speeds']}")
    expect(problems, measured["links"] == "within=20us+1GB/s, as told", f"links {measured['links']}")
    keys = ("forward_seconds", "backward_input_seconds", "backward_weight_seconds")
    seconds = [sum(layer[key] for key in keys) for layer in measured["microbatch_sizes"][0]["layers"]]
    for entry in report["plans"]:
        if entry["pipeline"] == 2 and entry["virtual_stages"] == 1:
            second = entry["first_layers"][1]
            little = sum(seconds[second:]) < 0.4 * sum(seconds) or second + 1 == len(seconds)
            expect(problems, little, f"the slow rank has as much to do: {entry}")


def shared(problems, report):
    own = report["configured"]
    expect(problems, (own["tensor"], own["pipeline"], own["data"]) == (2, 1, 1), f"configured {own}")
    tensors = {entry["tensor"] for entry in report["plans"]}
    expect(problems, tensors == {1, 2}, f"two heads for one or two ranks: {tensors}")


def sliced(problems, report):
    own = report["configured"]
    expect(problems, (own["schedule"], own["slices"]) == ("slim-1f1b", 4), f"configured {own}")
    found = {entry["slices"] for entry in report["plans"]}
    expect(problems, found == {1, 4}, f"asked for 4 slices, found {found}")
    names = {entry["schedule"] for entry in report["plans"] if entry["slices"] == 4}
    expect(problems, names == {"gpipe", "1f1b", "eager-1f1b", "slim-1f1b", "zb-h1"}, f"in slices {names}")


def text(checks, folder):
    job = Job(1, plan("--ranks", "2"), folder=folder)
    problems = []
    expect(problems, job.wait() == 0, "exit code")
    for pattern in [r"^measured in ", r"\n  1  ", r"as configured:", r"bubble", r"\n  pipeline ", r"\n  data \*",
                    r"\n  tensor \*", r"not simulated"]:
        expect(problems, re.search(pattern, job.output()), f"lacks {pattern}: {job.output()}")
    expect(problems, max(map(len, job.output().splitlines())) <= 120, "lines too long")
    checks.case("text", job, problems)


def written(checks, folder):
    job = Job(1, plan("--ranks", "2", "--write", "best.yaml", "--format", "json"), folder=folder)
    problems = []
    expect(problems, job.wait() == 0, "exit code")
    best = json.loads(job.output())["plans"][0]
    checks.case("--write", job, problems)
    job = Job(best["data"] * best["tensor"] * best["pipeline"], ["--config", "best.yaml", "--set", "train.steps=2", "--output", "written"], folder=folder)
    problems = []
    expect(problems, job.wait() == 0, "exit code")
    with open(os.path.join(folder, "written", "config.yaml"), encoding="utf-8") as file:
        config = file.read()
    for key in ["schedule", "microbatches", "virtual_stages", "recompute", "slices"]:
        expect(problems, f"  {key}: {best[key]}\n" in config, f"{key} is not {best[key]}")
    for key in ["data", "tensor", "shard"]:
        expect(problems, re.search(f"parallel: *{{[^}}]*{key}: {best[key]}[,}}]|  {key}: {best[key]}\n", config), f"{key} is not {best[key]}")
    checks.case("the written configuration trains", job, problems)


def refused(checks, folder, arguments, patterns, ranks=1):
    job = Job(ranks, arguments, folder=folder)
    problems = one_error(job, 2, patterns)
    expect(problems, not job.output(), "wrote to standard output")
    checks.case(f"refused: {' '.join(arguments[3:])}", job, problems)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        as_json(checks, folder, "alone", 1, plan("--ranks", "2", "--format", "json"), alone)
        as_json(checks, folder, "on two ranks for four", 2, plan("--ranks", "4", "--format", "json"), on_ranks)
        as_json(checks, folder, "layers shared", 1,
                plan("--ranks", "2", "--format", "json", "--set", "parallel.tensor=2"), shared)
        as_json(checks, folder, "links and speeds as told", 1,
                plan("--ranks", "2", "--format", "json", "--speeds", "1,0.25", "--links", "within=20us+1GB/s"), told)
        as_json(checks, folder, "slices", 1,
                plan("--ranks", "2", "--format", "json", "--slices", "4", "--set", "pipeline.slices=4", "--set", "pipeline.schedule=slim-1f1b"), sliced)
        text(checks, folder)
        written(checks, folder)
        refused(checks, folder, plan("--ranks", "2", "--write", "best.yaml"), [r"best\.yaml exists"])
        refused(checks, folder, plan("--ranks", "2", "--write", "no/such/best.yaml"), [r"--write: .*no/such"])
        refused(checks, folder, plan(), ["--ranks N is missing"])
        refused(checks, folder, plan("--ranks", "0"), ["--ranks"])
        refused(checks, folder, plan("--ranks", "2", "--precisions", "float32,float16"), ["--precisions", "float16"])
        refused(checks, folder, plan("--ranks", "many"), ["--ranks"])
        refused(checks, folder, plan("--ranks", "2", "--speeds", "1"), ["--speeds", "expected 2"])
        refused(checks, folder, plan("--ranks", "2", "--links", "within=fast"), ["--links: within"])
        refused(checks, folder, plan("--ranks", "2", "--slices", "9"), ["--slices 9, but sequences of 8 tokens are shorter"])
        refused(checks, folder, plan("--ranks", "2", "--memory", "16G"), ["--memory: '16G'", "16GiB"])
        refused(checks, folder, plan("--ranks", "2", "--memory", "-1GiB"), ["--memory: '-1GiB'"])
        refused(checks, folder, plan("--ranks", "2", "--memory", "100kB"), ["nothing fits into 97.7 KiB", "the least is"])
        refused(checks, folder, plan("--ranks", "2", "--set", "model.heads=3"), ["heads"])
        refused(checks, folder, ["plan", "--ranks", "2"], ["--config FILE is missing"])
        refused(checks, folder, plan("--ranks", "2", "--memory", "16G"), ["--memory"], ranks=2)
    checks.finish()


main()
