"""Weights that go out of checkpoints and in again: what tests of this do, and folders in which something is changed."""

import json
import os
import shutil

from inputs import write
from job import Job, expect, one_error
from tensor_file import read_safetensors, write_safetensors

STEP = "/checkpoints/step-00000003"


class Folder:
    """A copy of a folder in which something is changed."""

    def __init__(self, work, source, name):
        self.path = os.path.join(work, name)
        shutil.copytree(os.path.join(work, source), self.path)
        self.weights = os.path.join(self.path, "model.safetensors")

    def config(self, **changes):
        path = os.path.join(self.path, "config.json")
        with open(path, encoding="utf-8") as file:
            config = json.load(file)
        write(path, json.dumps({**config, **changes}))

    def tensors(self, change):
        tensors = read_safetensors(self.weights)
        change(tensors)
        write_safetensors(self.weights, tensors)

    def split(self, listed=lambda files: files):
        """Into two files and an index."""
        tensors = read_safetensors(self.weights)
        os.remove(self.weights)
        names = [f"model-0000{i}-of-00002.safetensors" for i in (1, 2)]
        files = {name: names[i % 2] for i, name in enumerate(tensors)}
        for file in names:
            write_safetensors(os.path.join(self.path, file), {n: t for n, t in tensors.items() if files[n] == file})
        write(self.weights + ".index.json", json.dumps({"metadata": {}, "weight_map": listed(files)}))


def run(checks, work, name, arguments, ranks=1):
    job = Job(ranks, arguments, folder=work)
    code = job.wait()
    checks.case(name, job, [] if code == 0 else [f"exit code {code}, expected 0"])
    return job


def export(checks, work, checkpoint, form, output):
    run(checks, work, f"export {checkpoint} {form}", ["export", "--checkpoint", checkpoint, "--format", form, "--output", output])


def import_from(checks, work, folder, output):
    run(checks, work, f"import {folder}", ["import", "--from", folder, "--output", output])


def same_files(checks, work, one, other, files):
    for file in files:
        contents = []
        for folder in (one, other):
            with open(os.path.join(work, folder, file), "rb") as opened:
                contents.append(opened.read())
        if contents[0] != contents[1]:
            checks.failed += 1
            print(f"FAILED  {file} of {one} and {other} differ")


def loss_of(checks, work, config, checkpoint, *more):
    job = run(checks, work, f"eval {checkpoint}",
              ["eval", "--config", config, "--checkpoint", checkpoint, *more, "--format", "json"])
    return json.loads(job.output() or "{}").get("loss")


def equal(checks, what, found, expected):
    if found is None or found != expected:
        checks.failed += 1
        print(f"FAILED  {what} {found}, expected {expected}")


def refused(checks, work, name, arguments, code, patterns, output="refused"):
    job = Job(1, [*arguments, "--output", output], folder=work)
    problems = one_error(job, code, patterns)
    left = [entry for entry in os.listdir(work) if "refused" in entry or entry.startswith(".")]
    expect(problems, not left, f"left {left}")
    expect(problems, not job.output() and not job.said(), "said more than the error")
    checks.case(name, job, problems)
