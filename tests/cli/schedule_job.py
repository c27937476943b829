"""What the tests of `pipetrain schedule` have in common: they run it without MPI and look at what it says."""

import os
import re
import resource

from job import PATIENCE, Job, expect

MOST_SECONDS = 10 * PATIENCE  # of processor time
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../golden/schedules")
NO_MPI = {"OMPI_MCA_pml": "none_such"}  # with it MPI_Init fails
F_1F1B = "0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1\n"


def schedule(*words, folder=None, env=()):
    """The job, ended, and its exit code."""
    job = Job(1, ["schedule", *map(str, words)], folder=folder, env=dict(env))
    return job, job.wait(limit=180)


def cpu_seconds():
    """Of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def sized(name, ranks, microbatches, *words):
    return ["--name", name, "--ranks", ranks, "--microbatches", microbatches, *words]


def prints(checks, name, words, check, folder=None):
    """It runs without MPI, says nothing on standard error, and `check(problems, output)` is content."""
    job, code = schedule(*words, folder=folder, env=NO_MPI)
    problems = []
    expect(problems, code == 0, f"exit code {code}, expected 0")
    expect(problems, not job.error_output(), "wrote to standard error")
    if not problems:
        check(problems, job.output())
    checks.case(name, job, problems)


def has(*patterns):
    def check(problems, text):
        for pattern in patterns:
            expect(problems, re.search(pattern, text), f"lacks {pattern}")
    return check


def refused(checks, name, words, patterns, detail=None, folder=None):
    """One line, perhaps a grid below it that has `detail`, exit code 2, and nothing on standard output."""
    before = cpu_seconds()
    job, code = schedule(*words, folder=folder, env=NO_MPI)
    problems = []
    expect(problems, code == 2, f"exit code {code}, expected 2")
    seconds = cpu_seconds() - before
    expect(problems, seconds < MOST_SECONDS, f"took {seconds:.1f} s of processor time")
    errors, said = job.errors(), job.said()
    expect(problems, len(errors) == 1, f"{len(errors)} error lines, expected one")
    for pattern in patterns:
        expect(problems, errors and re.search(pattern, errors[0]), f"the error lacks {pattern}")
    if detail is None:
        expect(problems, not said, f"said more than the error: {said}")
    else:
        expect(problems, all(line.startswith("  rank ") for line in said), "more than a grid")
        expect(problems, detail in "\n".join(said), f"the grid lacks {detail}")
    expect(problems, not job.output(), "wrote to standard output")
    checks.case(name, job, problems)
