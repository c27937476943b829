#!/usr/bin/env python3
"""progress.py PIPETRAIN MPIRUN: on a terminal a progress bar that leaves log lines whole; none elsewhere."""

import os
import pty
import re
import tempfile
import threading

from inputs import make_inputs
from job import Checks, Job, expect

BAR = r"[#.]{24} \d+/\d+  loss \d+\.\d{4}  \d+ tokens/s  \d+:\d\d left"
LOG = r"\d\d:\d\d:\d\d \w+ .*"
ARGUMENTS = ["--config", "model.yaml", "--set", "train.steps=40", "--set", "train.log_every=2", "--set",
             "train.eval_every=10", "--set", "train.checkpoint_every=20"]


def screen(written):
    """The lines that stay on a terminal of unlimited width."""
    lines, column = [""], 0
    for part in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", written):
        if part == "\n":
            lines.append("")
            column = 0
        elif part == "\r":
            column = 0
        elif part == "\x1b[K":
            lines[-1] = lines[-1][:column]
        elif not part.startswith("\x1b"):
            lines[-1] = lines[-1][:column] + part + lines[-1][column + len(part):]
            column += len(part)
    return [line for line in lines if line]


def run_on_terminal(ranks, arguments, folder):
    """The job, and what it wrote to a terminal that is its standard error."""
    ours, theirs = pty.openpty()
    job = Job(ranks, arguments, folder=folder, stderr=theirs)
    os.close(theirs)
    written = []

    def listen():
        try:
            while part := os.read(ours, 4096):
                written.append(part)
        except OSError:
            pass  # the other end is closed

    listener = threading.Thread(target=listen)
    listener.start()
    code = job.wait()
    listener.join(10)
    os.close(ours)
    return job, code, b"".join(written).decode(errors="replace").replace("\r\n", "\n")


def on_terminal(checks, folder, ranks):
    """The bar moves between log lines, at most ten times a second, and leaves them whole."""
    settings = ["--set", "train.steps=600", "--set", "train.log_every=250", "--set", "train.eval_every=400"]
    job, code, written = run_on_terminal(ranks, ARGUMENTS + settings, folder)
    problems = []
    expect(problems, code == 0, f"exit code {code}, expected 0")
    drawn = [int(step) for step in re.findall(BAR.replace(r"\d+/", r"(\d+)/"), written)]
    expect(problems, 3 <= len(drawn) <= 10 * job.seconds + 2, f"{len(drawn)} drawings in {job.seconds:.2f} s")
    expect(problems, any(step % 250 for step in drawn[:-1]), f"only with log lines: {drawn}")
    expect(problems, drawn[-1:] == [600] and "#" * 24 + " 600/600" in written, "never full")
    left = screen(written)
    for step, more in ((250, ""), (400, "validation loss"), (500, "")):
        expect(problems, any(re.search(f"info step +{step} +loss .*{more}", line) for line in left), f"lacks the line of step {step}")
    for line in left:
        expect(problems, re.fullmatch(LOG, line), f"left on the screen: {line!r}")
    checks.case(f"terminal ({ranks})", job, problems)


def error_on_terminal(checks, folder, ranks):
    """An error in mid-run begins a line of the screen, wherever the bar was."""
    settings = ["--set", "optimizer.type=sgd", "--set", "optimizer.learning_rate=1e30", "--set", "optimizer.clip_norm=0"]
    job, code, written = run_on_terminal(ranks, ARGUMENTS + settings, folder)
    problems = []
    expect(problems, code == 5, f"exit code {code}, expected 5")
    errors = [line for line in screen(written) if line.startswith("pipetrain: error: ")]
    expect(problems, len(errors) == 1, f"the screen shows {screen(written)}")
    checks.case(f"error on a terminal ({ranks})", job, problems)


def without(checks, folder, ranks, *arguments, terminal):
    if terminal:
        job, code, written = run_on_terminal(ranks, [*ARGUMENTS, *arguments], folder)
    else:
        job = Job(ranks, [*ARGUMENTS, *arguments], folder=folder)
        code, written = job.wait(), job.error_output()
    problems = []
    expect(problems, code == 0, f"exit code {code}, expected 0")
    expect(problems, "\r" not in written, "has carriage returns")
    expect(problems, not re.search(BAR, written), "has a bar")
    expect(problems, re.search(r"step +38 +loss", written), "lacks the steps as log lines")
    checks.case(f"no {'bar wanted' if terminal else 'terminal'} ({ranks})", job, problems)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        for ranks in (1, 2):
            on_terminal(checks, folder, ranks)
            error_on_terminal(checks, folder, ranks)
            without(checks, folder, ranks, terminal=False)
            without(checks, folder, ranks, "--no-progress", terminal=True)
    checks.finish()


main()
