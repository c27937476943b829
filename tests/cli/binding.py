#!/usr/bin/env python3
"""binding.py PIPETRAIN MPIRUN: ranks to which the launcher gives the same cores divide them, unless told not to."""

import os
import re
import sys
import tempfile

from inputs import make_inputs, write
from job import Checks, Job, expect, one_error
from runs import GPT, Result, compare, done, running

LONG = ["--set", "train.steps=100000", "--set", "train.checkpoint_every=0", "--set", "train.eval_every=0"]


def processors(pid):
    """That a process may run on."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        text = re.search(r"^Cpus_allowed_list:\s*(\S+)$", status.read(), re.MULTILINE)[1]
    found = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def while_running(folder, output, *options):
    """What each of two ranks runs on in the midst of its steps, and what the log says."""
    job = Job(2, ["--config", "gpt.yaml", "--output", output, *LONG, *options], folder=folder)
    running(job, os.path.join(folder, output))
    found = [processors(pid) for _, pid in sorted(job.ranks().items())]
    job.kill()
    job.wait()
    return job, found


def places(checks, folder):
    """Each rank has half of the cores, or all of them where there is one only."""
    own = os.sched_getaffinity(0)
    job, found = while_running(folder, "divided")
    problems, log = [], job.error_output()
    if "not bound" in log:
        expect(problems, re.search(r"not bound: 2 of them have 1 core of NUMA node \d", log), "not bound, and not for lack of cores")
        expect(problems, found == [own, own], f"run on {found}")
    else:
        expect(problems, len(found) == 2 and not found[0] & found[1], f"run on {found}, which overlap")
        for rank, mine in enumerate(found):
            expect(problems, mine < own, f"rank {rank} runs on {mine}, which is not a part of {own}")
            expect(problems, re.search(rf"rank {rank}: bound to \d+ cores? of NUMA nodes? [\d,-]+ \(processors? [\d,-]+\)", log),
                   f"does not say where rank {rank} is")
    checks.case("ranks divide the cores", job, problems)
    job, found = while_running(folder, "left", "--bind", "none")
    problems = []
    expect(problems, found == [own, own], f"run on {found}, expected {own} for both")
    expect(problems, "bound" not in job.error_output(), "says something of bindings")
    checks.case("--bind none leaves them", job, problems)


def others(checks, folder):
    job, problems = Job(2, ["--config", "gpt.yaml", "--output", "openmp"], folder=folder, env={"OMP_PROC_BIND": "true"}), []
    if done(job, problems):
        expect(problems, "warning OMP_PROC_BIND or OMP_PLACES binds" in job.error_output(), "no warning of OMP_PROC_BIND")
        expect(problems, "bound to" not in job.error_output(), "bound in spite of it")
    checks.case("OpenMP binds threads", job, problems)
    results = []
    for choice in ("cores", "none"):
        job, problems = Job(2, ["--config", "gpt.yaml", "--output", choice, "--bind", choice], folder=folder), []
        if done(job, problems):
            results.append(Result(os.path.join(folder, choice)))
        checks.case(f"--bind {choice}", job, problems)
    job, problems = Job(1, ["--config", "gpt.yaml", "--output", "alone"], folder=folder), []
    if done(job, problems):
        expect(problems, "bound" not in job.error_output(), "a rank alone says something of bindings")
        compare(problems, results[0], results[1])
    checks.case("one rank alone", job, problems)


def refused(checks, folder):
    job = Job(2, ["--config", "gpt.yaml", "--bind", "socket"], folder=folder)
    checks.case("--bind socket", job, one_error(job, 2, ["--bind: socket not in {cores,none}"]))
    words = ["--config", "gpt.yaml", "--output", "mixed", "--bind"]
    job = Job(2, [*words, "cores"], [*words, "none"], folder=folder)
    checks.case("ranks told differently", job, one_error(job, 2, ["rank 1 was started otherwise than rank 0", "bind"]))


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="pipetrain-") as folder:
        make_inputs(folder)
        write(os.path.join(folder, "gpt.yaml"), GPT)
        places(checks, folder)
        others(checks, folder)
        refused(checks, folder)
    checks.finish()


if __name__ == "__main__":
    main()
