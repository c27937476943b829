#!/usr/bin/env python3
"""threads.py PIPETRAIN MPIRUN [PRELOAD]: no environment of OpenMP changes a bit of a result without a line about it.
PRELOAD is a library that imitates a machine with more than 1024 processors."""

import json
import os
import re
import subprocess
import sys
import tempfile

from inputs import make_inputs, write
from job import Checks, Job, expect, one_error
from runs import GPT, Result, compare, done, said

NOT_A_NUMBER = "OMP_NUM_THREADS: found '{}', no positive number; taken as not set"
GIVEN = r"2 threads asked for, but OpenMP gives 1 \({}\)"


def built_with_clang():
    return "clang" in subprocess.run([sys.argv[1], "--version"], capture_output=True, text=True, check=False).stdout.lower()


def warned(problems, job, pattern):
    lines = [line for line in job.error_output().splitlines() if " warning " in line and "OMP_" in line]
    expect(problems, len(lines) == (pattern is not None), f"warnings {lines}, expected {pattern}")
    expect(problems, not lines or not pattern or re.search(pattern, lines[0]), f"{lines} lacks {pattern}")


def train(checks, folder, output, env, like=None, warning=None, ranks=1):
    """Trains; the result has the bits of `like`."""
    job, problems = Job(ranks, ["--config", "gpt.yaml", "--output", output, "--microbatches", "4"], folder=folder, env=env), []
    if done(job, problems):
        warned(problems, job, warning)
        if like:
            compare(problems, Result(os.path.join(folder, output)), Result(os.path.join(folder, like)))
    checks.case(f"train with {env}", job, problems)


def smaller_teams(checks, folder):
    for threads in ("1", "2"):
        train(checks, folder, f"threads-{threads}", {"OMP_NUM_THREADS": threads})
    two = {"OMP_NUM_THREADS": "2"}
    train(checks, folder, "limit", {**two, "OMP_THREAD_LIMIT": "1"}, "threads-1", GIVEN.format("OMP_THREAD_LIMIT=1"))
    train(checks, folder, "levels", {**two, "OMP_MAX_ACTIVE_LEVELS": "0"}, "threads-1",
          GIVEN.format("OMP_MAX_ACTIVE_LEVELS=0"))
    train(checks, folder, "dynamic", {**two, "OMP_DYNAMIC": "true"}, "threads-2")
    train(checks, folder, "ranks", {**two, "OMP_THREAD_LIMIT": "1"}, "threads-1", GIVEN.format("OMP_THREAD_LIMIT=1"), ranks=2)


def waiting(checks, folder):
    """However threads wait, and whatever stacks and bindings are asked for, bits are the same."""
    two = {"OMP_NUM_THREADS": "2"}
    train(checks, folder, "stack", {**two, "OMP_STACKSIZE": "16k"}, "threads-2")
    # Built with clang the program has two OpenMPs, of which oneDNN's own leaves the other one core.
    alone = "set OMP_NUM_THREADS to 1" if built_with_clang() else None
    train(checks, folder, "bound", {**two, "OMP_PROC_BIND": "true"}, "threads-2", alone)
    train(checks, folder, "passive", {**two, "OMP_WAIT_POLICY": "passive"}, "threads-2")
    many = str(os.cpu_count() + 1)
    job, problems = Job(1, ["--config", "gpt.yaml", "--output", "crowded"], folder=folder, env={"OMP_NUM_THREADS": many}), []
    if done(job, problems):
        said(problems, job, "sleep while they wait: ", "threads outnumber cores", "set OMP_NUM_THREADS to ")
    checks.case("more threads than cores", job, problems)
    job, problems = Job(1, ["--config", "gpt.yaml", "--output", "spinning"], folder=folder,
                        env={"OMP_NUM_THREADS": many, "OMP_WAIT_POLICY": "active"}), []
    if done(job, problems):
        said(problems, job, "lets threads spin; unset both")
    checks.case("more threads than cores that spin", job, problems)


def other_commands(checks, folder):
    """What eval, generate and bench say with a smaller team than they asked for is what one thread says."""
    checkpoint = os.path.join("threads-1", "checkpoints", "step-00000006")
    plain, limited = {"OMP_NUM_THREADS": "1"}, {"OMP_NUM_THREADS": "2", "OMP_THREAD_LIMIT": "1"}
    for words in (["eval", "--config", "gpt.yaml", "--checkpoint", checkpoint, "--format", "json"],
                  ["generate", "--checkpoint", checkpoint, "--prompt", "the ", "--tokens", "8"]):
        found, problems = [], []
        for env in (plain, limited):
            job = Job(1, words, folder=folder, env=env)
            if done(job, problems):
                found.append(job.output())
        warned(problems, job, GIVEN.format("OMP_THREAD_LIMIT=1"))
        if words[0] == "eval":
            found = [json.loads(text)["loss"] for text in found]
        expect(problems, len(found) == 2 and found[0] == found[1], f"{found}")
        checks.case(f"{words[0]} with a thread limit", job, problems)
    job, problems = Job(1, ["bench", "--config", "gpt.yaml", "--steps", "1", "--format", "json"], folder=folder,
                        env=limited), []
    if done(job, problems):
        expect(problems, "1 thread each" in json.loads(job.output())["world"], "says other threads than there are")
    checks.case("bench with a thread limit", job, problems)


def numbers(checks, folder):
    for text in ("0", "abc", "-1", ""):
        env = {"OMP_NUM_THREADS": text}
        job, problems = Job(1, ["describe", "--config", "gpt.yaml"], folder=folder, env=env), []
        if done(job, problems):
            warned(problems, job, NOT_A_NUMBER.format(text))
        checks.case(f"{env}", job, problems)
    train(checks, folder, "no-number", {"OMP_NUM_THREADS": "none"}, warning=NOT_A_NUMBER.format("none"))
    job = Job(2, ["--config", "gpt.yaml"], folder=folder, env={"OMP_NUM_THREADS": "999999"})
    checks.case("too many threads", job, one_error(job, 2, ["OMP_NUM_THREADS: found 999999", "at most 4096", "set it to"]))


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="pipetrain-") as folder:
        make_inputs(folder)
        write(os.path.join(folder, "gpt.yaml"), GPT)
        smaller_teams(checks, folder)
        waiting(checks, folder)
        other_commands(checks, folder)
        numbers(checks, folder)
        if len(sys.argv) > 3:
            train(checks, folder, "many", {"LD_PRELOAD": sys.argv[3]}, "threads-1", ranks=2)
    checks.finish()


if __name__ == "__main__":
    main()
