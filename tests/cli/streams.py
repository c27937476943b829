#!/usr/bin/env python3
"""streams.py PIPETRAIN MPIRUN: what cannot be shown is an error; streams that are closed, at the start or later,
spoil no file and end no training."""

import os
import signal
import tempfile

from inputs import make_inputs, write
from job import Checks, Job, expect, launched_by_hydra, one_error
from runs import GPT, Result, checkpoint_steps, done, running, said, train

FULL = "cannot write standard output: No space left on device"


def full(checks, folder, *words, also=()):
    """Standard output on a full disk."""
    with open("/dev/full", "w") as nowhere:
        job = Job(1, list(words), folder=folder, stdout=nowhere)
        problems = one_error(job, 2, [FULL, *also])
    checks.case("full: " + " ".join(words), job, problems)


def closed_from_the_start(checks, folder, *streams):
    """A file of the run that had a closed stream's number would hold what is said there."""
    output = f"closed{''.join(map(str, streams))}"
    words = ["--config", "gpt.yaml", "--output", output]
    job = Job(1, words, folder=folder, preexec_fn=lambda: [os.close(stream) for stream in streams])
    problems = []
    code = job.wait()
    expected = 2 if 1 in streams else 0
    expect(problems, code == expected, f"exit code {code}, expected {expected}")
    result = Result(os.path.join(folder, output))
    expect(problems, [line["step"] for line in result.lines] == [0, 1, 2, 3, 4, 5, 6], "other lines of metrics")
    expect(problems, os.path.getsize(os.path.join(folder, output, ".lock")) == 0, "the lock holds text")
    checks.case(f"closed at the start: {streams}", job, problems)


def reader_gone(checks, folder, ranks, both):
    """Standard output, and maybe the log, go into a pipe that nobody reads any more."""
    output = f"gone{ranks}{both}"
    ours, theirs = os.pipe()
    pipes = {"stdout": theirs, **({"stderr": theirs} if both else {})}
    job = Job(ranks, ["--config", "gpt.yaml", "--output", output], folder=folder, **pipes)
    os.close(theirs)
    os.close(ours)
    problems = []
    done(job, problems, code=-signal.SIGPIPE if ranks > 1 and launched_by_hydra() else 0)
    expect(problems, checkpoint_steps(os.path.join(folder, output)) == [3, 6], "other checkpoints")
    if not both and ranks == 1:
        said(problems, job, "warning nobody reads standard output any more", "the run is whole in ")
    checks.case(f"reader gone ({ranks}{', of the log too' if both else ''})", job, problems)


def stopped(checks, folder, name, number, target, ranks=1, code=75, ignored=False, nowhere=False):
    """A signal to a rank in the midst of training; `ignored`: it was when the rank was started."""
    output = "stopped-" + name.replace(" ", "-")
    old = signal.signal(number, signal.SIG_IGN if ignored else signal.SIG_DFL)
    with open("/dev/full", "w") as full_disk:
        pipes = {"stdout": full_disk} if nowhere else {}
        words = ["--config", "gpt.yaml", "--output", output, "--set", f"train.steps={500 if ignored else 100000}",
                 "--set", "train.eval_every=0", "--set", "train.checkpoint_every=100000"]
        job = Job(ranks, words, folder=folder, **pipes)
    signal.signal(number, old)
    running(job, os.path.join(folder, output))
    for _ in range(2):  # a shell and the terminal both send SIGHUP
        os.kill(job.ranks()[target], number)
    problems = []
    done(job, problems, code=code)
    if code == 75:
        said(problems, job, "stopped on request after step")
        expect(problems, len(checkpoint_steps(os.path.join(folder, output))) == 1, "no checkpoint")
    if nowhere:
        said(problems, job, "warning " + FULL)
    checks.case(f"stopped: {name}", job, problems)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        write(os.path.join(folder, "gpt.yaml"), GPT)
        for words in (["--help"], ["train", "--help"], ["--version"]):
            full(checks, folder, *words)
        full(checks, folder, "schedule", "--name", "1f1b", "--ranks", "2", "--microbatches", "4")
        full(checks, folder, "describe", "--config", "gpt.yaml")
        full(checks, folder, "bench", "--config", "gpt.yaml", "--steps", "1")
        full(checks, folder, "plan", "--config", "gpt.yaml", "--ranks", "1")
        full(checks, folder, "emulate", "--schedule", "1f1b", "--microbatches", "2", "--steps", "1", "--costs-ms", "1,1,1")
        full(checks, folder, "--config", "gpt.yaml", "--output", "full", also=["the run is whole in .*full"])
        for streams in ([0], [1], [2], [0, 1, 2]):
            closed_from_the_start(checks, folder, *streams)
        for ranks in (1, 2):
            reader_gone(checks, folder, ranks, both=False)
        reader_gone(checks, folder, 1, both=True)  # Open MPI 4.1's mpirun itself crashes then
        stopped(checks, folder, "SIGHUP", signal.SIGHUP, 0)
        stopped(checks, folder, "SIGHUP of one of two", signal.SIGHUP, 1, ranks=2)
        stopped(checks, folder, "SIGHUP under nohup", signal.SIGHUP, 0, code=0, ignored=True)
        stopped(checks, folder, "the summary lost", signal.SIGTERM, 0, nowhere=True)
    checks.finish()


main()
