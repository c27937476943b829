#!/usr/bin/env python3
"""start.py PIPETRAIN MPIRUN: help and version need no MPI and name what there is; ranks that were started differently
are told apart before they send each other anything, and so are those that have not found each other."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from inputs import make_inputs
from job import Checks, Job, expect, one_error
from runs import running, train

NO_MPI = {"OMPI_MCA_pml": "none_such"}  # with it MPI_Init fails


def helps(checks, arguments, patterns):
    job = Job(1, arguments, env=NO_MPI)
    code = job.wait()
    problems = []
    expect(problems, code == 0, f"exit code {code}, expected 0")
    expect(problems, not job.error_output(), "wrote to standard error")
    text = job.output()
    for pattern in patterns:
        expect(problems, re.search(pattern, text), f"lacks {pattern}")
    for line in text.splitlines():
        expect(problems, len(line) <= 110, f"a line of {len(line)} characters: {line}")
    checks.case("pipetrain " + " ".join(arguments), job, problems)


def commands(checks):
    """Each command is in help, in what is said of an unknown one and in app/README.md, and has a page of help."""
    job = Job(1, ["--help"], env=NO_MPI)
    job.wait()
    names = re.findall(r"^  (\w+) ", job.output().partition("Commands:")[2].partition("\n\n")[0], re.MULTILINE)
    problems = []
    expect(problems, names[:2] == ["train", "schedule"] and len(names) > 10, f"found {names}")
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "app", "README.md"), encoding="utf-8") as file:
        text = file.read()
    for name in names[1:]:
        expect(problems, f"\npipetrain {name} " in text, f"app/README.md lacks {name}")
    checks.case(f"commands in help: {names}", job, problems)
    job = Job(1, ["no_such_command"])
    checks.case("the list of commands", job, one_error(job, 2, ["'no_such_command'", "expected one of " + ", ".join(names) + ";"]))
    for name in names:
        helps(checks, [name, "--help"], [r"usage: .*pipetrain \[?" + name, f"Options of {name}:"])


def examples(checks, folder):
    """Each configuration that --example knows is the file of configs/, and a model is built of it."""
    job = Job(1, ["--example", "no_such_example"], env=NO_MPI)
    problems = one_error(job, 2, ["no example 'no_such_example'; expected one of bench_gpt2, "])
    names = job.error_output().strip().partition("expected one of ")[2].split(", ")
    configs = os.path.join(os.path.dirname(__file__), "../../configs")
    files = {name.removesuffix(".yaml") for name in os.listdir(configs) if name.endswith(".yaml")}
    expect(problems, set(names) == files - {"quickstart"}, f"names {names}, but configs/ has {files}")
    checks.case("an example that is none", job, problems)
    for name in names:
        job, problems = Job(1, ["--example", name], env=NO_MPI), []
        expect(problems, job.wait() == 0 and not job.error_output(), "fails")
        with open(os.path.join(configs, name + ".yaml"), encoding="utf-8") as file:
            expect(problems, job.output() == file.read(), "is not the file of configs/")
        checks.case(f"example {name}", job, problems)
    path = os.path.join(folder, "example.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(job.output())
    job, problems = Job(1, ["describe", "--config", path]), []
    expect(problems, job.wait() == 0, "no model is built of the last example")
    checks.case("an example is described", job, problems)
    for words in (["--example", "shakespeare", "more"], ["--example=shakespeare", "more"], ["--version", "more"]):
        job = Job(1, words, env=NO_MPI)
        checks.case(" ".join(words), job, one_error(job, 2, ["unexpected word 'more' behind --"]))
    job = Job(1, ["--example"], env=NO_MPI)
    checks.case("no example is named", job, one_error(job, 2, ["--example"]))


def different(checks, folder, parts, patterns, programs=()):
    checks.refused(f"different: {patterns}", Job(len(parts), *parts, folder=folder, programs=programs), 2, patterns)


def alone(checks, folder):
    """Without mpirun there is one process and nothing beside it."""
    output = os.path.join(folder, "alone")
    job = train(folder, 1, output, "train.steps=1000000", "train.eval_every=0", model="model.yaml")
    running(job, output)
    problems, found = [], job.processes()
    expect(problems, len(found) == 1, f"these run: {found}")
    job.process.send_signal(signal.SIGUSR1)
    code = job.wait()
    expect(problems, code == 75, f"exit code {code}, expected 75")
    checks.case("alone", job, problems)


def without_a_folder(checks, folder, words):
    """Alone, nothing is made below TMPDIR: two runs that start at once would trip over the same folder there."""
    release = re.search(r"Open MPI\) (\d+)", subprocess.run([sys.argv[2], "--version"], capture_output=True, text=True).stdout)
    if release and int(release[1]) < 5:  # later ones make a folder for each process
        one_task(checks, folder, words, {"TMPDIR": os.path.join(folder, "model.yaml")})


def separate(checks, folder, words, env, patterns):
    """Tasks that were started together, but have found no one: the first says so, the others end silently."""
    job = Job(1, words, folder=folder, env={**env, "SLURM_PROCID": "0"})
    checks.refused(f"first of {env}", job, 2, patterns)
    job = Job(1, words, folder=folder, env={**env, "SLURM_PROCID": "3", "OMPI_COMM_WORLD_RANK": "3"})
    code = job.wait()
    checks.case(f"another of {env}", job, [] if code == 2 and not job.error_output() else [f"exit code {code}"])


def one_task(checks, folder, words, env):
    job = Job(1, words, folder=folder, env=env)
    code = job.wait()
    checks.case(f"one task: {env}", job, [] if code == 0 else [f"exit code {code}, expected 0"])


def alike(checks, folder, parts):
    job = Job(len(parts), *parts, folder=folder)
    code = job.wait()
    checks.case("alike in other words", job, [] if code == 0 else [f"exit code {code}, expected 0"])


def main():
    checks = Checks()
    train = ["--config FILE", "--set KEY=VALUE", "--schedule NAME", "gpipe, 1f1b", "--microbatches M",
             "--virtual-stages V", "--output DIR", "--log-level LEVEL", "--trace", "--no-progress"]
    helps(checks, ["--help"], ["mpirun", "train ", "schedule ", "emulate ", "timeline ", "plan ", "describe ", "bench ", "eval ", "--version", *train])
    helps(checks, ["-h"], train)
    helps(checks, ["train", "--help"], train)
    helps(checks, ["--config", "nowhere.yaml", "--help"], train)
    helps(checks, ["timeline", "--help"], ["timeline RUN_DIR", "--step N", "--format NAME", "text or svg"])
    helps(checks, ["bench", "--help"], ["--config FILE", "--steps N", "--format NAME"])
    helps(checks, ["emulate", "--help"], ["mpirun", "--schedule NAME", "--ranks P", "--microbatches M", "--virtual-stages V",
                                           "--costs-ms F,I,W", "--message-bytes N", "--config FILE", "--steps N"])
    commands(checks)
    helps(checks, ["--version"], [r"^pipetrain \d+\.\d+\.\d+\nMPI: .*\d.*\nprocessor: .*oneDNN \d.*\ncompiler: .*\d.*\n$"])

    def words(*settings, command="train"):
        return [command, "--config", "model.yaml"] + [w for s in settings for w in ("--set", s)]

    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        plain = words()
        different(checks, folder, [plain, words("train.batch_size=16")], ["rank 1 was", "rank 0", r"train\.batch_size;"])
        different(checks, folder, [plain, words("model.width=512")], ["rank 1 was", r"model\.width;"])
        different(checks, folder, [plain, words("optimizer.schedule.warmup_steps=1"), plain, words("train.seed=7")],
                  ["ranks 1, 3 were", r"optimizer\.schedule\.warmup_steps;"])
        different(checks, folder, [words("train.seed=7"), plain, plain, plain], ["ranks 1, 2, 3 were", r"train\.seed;"])
        different(checks, folder, [plain, [*plain, "--trace"]], ["rank 1 was", "--trace;"])
        different(checks, folder, [plain, [*plain, "--resume"]], ["rank 1 was", "--resume;"])
        different(checks, folder, [[*plain, "--resume", "x"], [*plain, "--resume", "y"]], ["rank 1 was", "--resume;"])
        different(checks, folder, [["emulate", "--schedule", "gpipe", "--microbatches", "2"],
                                   ["emulate", "--schedule", "gpipe", "--microbatches", "2", "--config", "model.yaml"]],
                  ["rank 1 was", "--config;"])
        different(checks, folder, [plain, words(command="bench")], ["rank 1 was", "command;"])
        different(checks, folder, [plain, words("train.steps=many")], [r"train\.steps", "'many'"])
        different(checks, folder, [plain, ["--config"]], ["--config"])
        other = shutil.copy(sys.argv[1], os.path.join(folder, "pipetrain"))
        with open(other, "ab") as file:
            file.write(b".")
        different(checks, folder, [plain, plain], ["rank 1 was", "build; start all ranks with the same program"],
                  programs=[sys.argv[1], other])
        several = {"SLURM_STEP_NUM_TASKS": "4"}
        separate(checks, folder, plain, several, ["srun started 4 tasks", "world of its own", r"use srun --mpi=pmi(x|2) -n 4 pipetrain"])
        separate(checks, folder, plain, {"OMPI_COMM_WORLD_SIZE": "2"}, ["2 tasks were started together", "use its own: mpirun -np 2"])
        one_task(checks, folder, plain, {**several, "OMPI_COMM_WORLD_SIZE": "1"})
        one_task(checks, folder, plain, {"SLURM_STEP_NUM_TASKS": "1", "SLURM_NTASKS": "4"})
        one_task(checks, folder, ["describe", "--config", "model.yaml"], several)
        examples(checks, folder)
        alone(checks, folder)
        without_a_folder(checks, folder, plain)
        alike(checks, folder, [plain, words("train.steps=9", "train.steps=3")])
    checks.finish()


main()
