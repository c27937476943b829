#!/usr/bin/env python3
"""run_directory.py PIPETRAIN MPIRUN: what a run has left is safe from starts that come to nothing, from a second run
beside it, and from folders and files that cannot be read or written."""

import fcntl
import glob
import os
import resource
import shutil
import signal
import tempfile
import time

from inputs import make_inputs, write
from job import Checks, expect, one_error
from runs import GPT, Result, checkpoint, checkpoint_steps, done, killed_after, running, said, train


def contents(run):
    """{path: bytes} of everything below."""
    found = {}
    for path in glob.glob(os.path.join(run, "**"), recursive=True):
        if os.path.isfile(path):
            with open(path, "rb") as file:
                found[os.path.relpath(path, run)] = file.read()
    return found


def come_to_nothing(checks, folder):
    run = os.path.join(folder, "run")
    third = checkpoint(run, 3)
    before = contents(run)
    cases = [
        ("another optimizer", 4, third, ("optimizer.type=sgd",)),
        ("no memory", 2, None, ()),
        ("weights from nowhere", 4, None, ("train.init_from=nowhere",)),
        ("nothing to do", 0, third, ("train.steps=3",)),
    ]
    for name, code, resume, settings in cases:
        words = ["--memory-limit", "1000000"] if name == "no memory" else []
        job, problems = train(folder, 2, "run", *settings, resume=resume, more=words), []
        done(job, problems, code)
        after = contents(run)
        changed = {name for name in before | after if before.get(name) != after.get(name)} - {"error.txt"}
        expect(problems, not changed, f"changed: {changed}")
        checks.case(f"{name}: the run directory is as it was", job, problems)


def begun_again(checks, folder):
    """What a start without --resume would replace is kept, whole, beside it."""
    shutil.copytree(os.path.join(folder, "run"), os.path.join(folder, "again"))
    run = os.path.join(folder, "again")
    write(os.path.join(run, "trace.json"), "{}")
    before, problems = contents(run), []
    for suffix, steps in (("", 4), (".2", 5)):
        job = train(folder, 1, "again", f"train.steps={steps}", "pipeline.microbatches=2")
        if done(job, problems):
            after = contents(run)
            for name in ("metrics.jsonl", "config.yaml", "schedule.csv", "trace.json"):
                if name not in before or (suffix and name == "schedule.csv"):
                    continue  # there was none, or it has not changed
                stem, end = os.path.splitext(name)
                kept = after.get(os.path.join("set-aside", stem + suffix + end))
                expect(problems, kept == before[name], f"{name} is not kept as {stem + suffix + end}")
            newest = max(name for name in before if name.startswith("checkpoints/step-") and name.endswith("manifest.json"))
            kept = os.path.dirname(newest.replace("checkpoints/", "checkpoints/set-aside/")) + suffix
            expect(problems, after.get(kept + "/manifest.json") == before[newest], f"{newest} is not kept as {kept}")
            said(problems, job, "checkpoints that were here are of a run that was given up",
f"/again before this start is kept in set-aside/metrics{suffix}.jsonl")
            before = {name: text for name, text in after.items() if "set-aside" not in name}
    checks.case("a start without --resume keeps what was there", job, problems)


def unreadable(checks, folder):
    killed_after(folder, "run", "link", 6)
    run = os.path.join(folder, "link")
    shutil.move(os.path.join(run, "checkpoints"), os.path.join(folder, "kept"))
    os.symlink("nowhere", os.path.join(run, "checkpoints"))
    before = contents(run)
    job = train(folder, 2, "link", "train.steps=9", resume="")
    problems = one_error(job, 4, ["link/checkpoints: cannot be read: No such file or directory"])
    expect(problems, contents(run)["metrics.jsonl"] == before["metrics.jsonl"], "metrics have changed")
    checks.case("checkpoints on a disk that is not there", job, problems)

    killed_after(folder, "run", "garbage", 6)
    path = os.path.join(folder, "garbage", "metrics.jsonl")
    with open(path) as file:
        lines = file.readlines()
    write(path, "".join(lines[:2] + ["garbage\n"] + lines[3:]))
    job, problems = train(folder, 2, "garbage", "train.steps=8", resume=""), []
    if done(job, problems):
        steps = [line["step"] for line in Result(os.path.join(folder, "garbage")).lines]
        expect(problems, steps == [0, 1, 3, 4, 5, 6, 7, 8], f"lines of steps {steps}")
    said(problems, job, "metrics.jsonl: left out 1 line that cannot be read")
    checks.case("a line of metrics that cannot be read", job, problems)


ENDLESS = ("train.steps=100000", "train.eval_every=0", "train.checkpoint_every=100")


def two_at_once(checks, folder):
    run = os.path.join(folder, "two")
    first, problems = train(folder, 2, "two", *ENDLESS), []
    running(first, run)
    second = train(folder, 1, "two", *ENDLESS, resume="")
    checks.case("a second run in the same folder", second,
                one_error(second, 2, ["two/.lock: another run is at work in this run directory"]))
    first.tell(signal.SIGUSR1)
    if done(first, problems, 75):
        steps = [line["step"] for line in Result(run).lines]
        expect(problems, steps == list(range(1, len(steps) + 1)), "the first one's metrics have a gap")
        expect(problems, checkpoint_steps(run)[-1] == len(steps), "the first one's checkpoint")
    checks.case("does the first one no harm", first, problems)


def while_another_ends(checks, folder):
    """The checkpoint that an earlier job writes at last, while the next one waits for it."""
    killed_after(folder, "run", "ending", 3)
    run = os.path.join(folder, "ending")
    with open(os.path.join(run, ".lock")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        job, problems = train(folder, 2, "ending", "train.steps=9", resume=""), []
        time.sleep(2)
        shutil.copytree(checkpoint(os.path.join(folder, "run"), 6), checkpoint(run, 6))
    done(job, problems)
    said(problems, job, "step-00000006, after step 6")
    checks.case("it goes on from what the job before it wrote at last", job, problems)


def taken_away(checks, folder):
    """At the next checkpoint the run notices its directory is gone. It writes nothing into another in its place."""
    finished = os.path.join(folder, "run")
    for how, settings in (("moved", ()), ("replaced", ()), ("replaced again", ("train.checkpoint_background=false",)),
                          ("replaced, though it may go on", ("train.on_write_error=continue",))):
        run = os.path.join(folder, how)
        job = train(folder, 2, how, *ENDLESS, *settings)
        running(job, run)
        os.rename(run, run + " before")
        if how != "moved":
            shutil.copytree(finished, run)
        problems = one_error(job, 4, [f"{how}: the run directory was removed, moved or replaced"])
        expect(problems, "warn" not in job.error_output(), "another line beside the error")
        expect(problems, contents(run) == (contents(finished) if how != "moved" else {}), f"writes into {run}, which is not its own")
        checks.case(f"a run directory that is {how} while the run is at work", job, problems)


def unwritable(checks, folder):
    run = os.path.join(folder, "unwritable")
    os.mkdir(run)
    write(os.path.join(run, "checkpoints"), "")
    settings = (*ENDLESS, "train.checkpoint_every=0", "train.on_write_error=continue")
    job = train(folder, 2, "unwritable", *settings)
    running(job, run)
    job.tell(signal.SIGUSR1)
    checks.case("stopped, and no checkpoint can be written", job,
                one_error(job, 4, ["stopped on request after step .*, but without a checkpoint"]))
    job = train(folder, 1, "unwritable", "optimizer.learning_rate=1e30", "optimizer.clip_norm=0", "optimizer.type=sgd",
                "train.on_write_error=continue", "optimizer.schedule.type=constant", "train.steps=50")
    checks.case("not finite, and no checkpoint can be written", job,
                one_error(job, 5, ["not finite at step", "of the last good step could not be written"]))

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_000_000, hard))
    job = train(folder, 1, "limited", "model.width=256", "train.on_write_error=continue")
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    problems = []
    done(job, problems)
    expect(problems, job.error_output().count("info checkpoint: ") == 2, "does not write two checkpoints, in several files each")
    checks.case("a limit on the size of files", job, problems)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        write(os.path.join(folder, "gpt.yaml"), GPT)
        job, problems = train(folder, 2, "run"), []
        done(job, problems)
        checks.case("a run", job, problems)
        for group in (come_to_nothing, begun_again, unreadable, two_at_once, while_another_ends, taken_away, unwritable):
            group(checks, folder)
    checks.finish()


main()
