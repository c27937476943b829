#!/usr/bin/env python3
"""storage.py PIPETRAIN MPIRUN PRELOAD: on the file systems that clusters share nothing is lost, and what they refuse is
one clear line. PRELOAD is a library that imitates them."""

import glob
import os
import signal
import sys
import tempfile

from inputs import make_inputs, write
from job import Checks, Job, expect, one_error
from runs import GPT, Result, checkpoint, compare, done, running, said

HALF = ("train.steps=3", "optimizer.schedule.type=constant")
WHOLE = ("optimizer.schedule.type=constant",)


class Shelf:
    """A folder of such a file system."""

    def __init__(self, checks, folder):
        self.checks, self.folder = checks, folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def env(self, settings):
        return {"LD_PRELOAD": sys.argv[3], "STORAGE_FOLDER": self.folder, **settings} if settings else {}

    def train(self, output, *settings, storage=None, resume=False, ranks=2):
        words = ["--config", self.path("gpt.yaml"), "--output", self.path(output), *(["--resume"] if resume else [])]
        for setting in settings:
            words += ["--set", setting]
        return Job(ranks, words, folder=self.folder, env=self.env(storage))

    def ends_as(self, name, job, problems, output, like="whole", texts=()):
        """The job comes to the very figures and tensors of the run `like`."""
        if done(job, problems):
            said(problems, job, *texts)
            compare(problems, Result(self.path(output)), Result(self.path(like)))
            left = glob.glob(self.path(f"{output}/**/*.part*"), recursive=True)
            expect(problems, not left, f"left behind: {left}")
        self.checks.case(name, job, problems)


def interrupted(shelf):
    """Calls that are interrupted and writes that take a part change nothing."""
    storage = {"STORAGE_INTERRUPTED": "1"}
    job, problems = shelf.train("interrupted", *HALF, storage=storage), []
    done(job, problems)
    shelf.checks.case("interrupted calls and short writes", job, problems)
    shelf.ends_as("the same at a resume", shelf.train("interrupted", *WHOLE, storage=storage, resume=True), [], "interrupted")
    words = ["tokenize", "--tokenizer", "byte", "--output"]
    for name, settings in (("plain", None), ("short", storage), ("unlocked", {"STORAGE_NO_LOCKS": "1"})):
        job, problems = Job(1, [*words, shelf.path(f"{name}.bin"), shelf.path("corpus.txt")], folder=shelf.folder, env=shelf.env(settings)), []
        done(job, problems)
        with open(shelf.path("plain.bin"), "rb") as plain, open(shelf.path(f"{name}.bin"), "rb") as found:
            expect(problems, plain.read() == found.read(), "another file of tokens")
        expect(problems, not glob.glob(shelf.path("*.part*")), "a part is left behind")
        shelf.checks.case(f"tokens: {name}", job, problems)


def without_locks(shelf):
    """A run says so, and one that was killed does not keep the next one out."""
    storage = {"STORAGE_NO_LOCKS": "1"}
    job, problems = shelf.train("unlocked", *WHOLE, "train.steps=100000", "train.eval_every=0", "train.checkpoint_every=3",
                                storage=storage), []
    running(job, shelf.path("unlocked"))
    for rank in job.ranks().values():
        os.kill(rank, signal.SIGKILL)
    job.wait()
    said(problems, job, "No locks available: this file system has no locks, so a second run is kept out only by")
    shelf.checks.case("without locks, killed", job, problems)
    for name in ("unlocked", "taken"):
        os.makedirs(shelf.path(name), exist_ok=True)
    write(shelf.path("taken/.lock"), "elsewhere 1 5 0\n")  # of a host that is gone: nobody writes it any more
    shelf.ends_as("a holder that is gone keeps nobody out", shelf.train("taken", *WHOLE, storage=storage), [], "taken",
                  texts=["has no locks"])
    job, problems = shelf.train("unlocked", *HALF, storage=storage), []
    done(job, problems)
    shelf.checks.case("a start after the kill", job, problems)


def small_files(shelf):
    """Where files end early a checkpoint has more of them; what cannot be cut says so."""
    storage = {"STORAGE_LARGEST": "40000"}
    job, problems = shelf.train("cut", *HALF, "train.report=false", storage=storage), []
    if done(job, problems):
        files = glob.glob(os.path.join(checkpoint(shelf.path("cut"), 3), "shard-*"))
        expect(problems, len(files) > 2, f"{len(files)} files")
        expect(problems, max(map(os.path.getsize, files)) <= 40000, "a file is larger than it can be")
    shelf.checks.case("files of at most 40000 bytes", job, problems)
    shelf.ends_as("go on from them", shelf.train("cut", *WHOLE, resume=True), [], "cut")
    job = Job(1, ["tokenize", "--tokenizer", "byte", "--output", shelf.path("large.bin"), shelf.path("corpus.txt")], folder=shelf.folder,
              env=shelf.env({"STORAGE_LARGEST": "5000"}))
    problems = one_error(job, 3, [r"large\.bin\.part: File too large \(for this file system\); write to another"])
    expect(problems, not glob.glob(shelf.path("large.bin*")), "half a file is left behind")
    shelf.checks.case("a file of tokens that is too large", job, problems)
    job = shelf.train("rows", *HALF, "train.report=false", storage={"STORAGE_LARGEST": "6000"})
    problems = one_error(job, 4, [r"checkpoint: .*: File too large \(for this file system\); write where files may be larger; there is no earlier checkpoint to go on from"])
    shelf.checks.case("a manifest or row that is too large", job, problems)


def squashed(shelf):
    storage = {"STORAGE_SQUASHED": "1"}
    shelf.ends_as("root is nobody", shelf.train("squashed", *WHOLE, storage=storage), [], "squashed")
    job = shelf.train("closed/run", *WHOLE, storage=storage)
    problems = one_error(job, 2, ["closed/run: Permission denied", "choose another train.output"])
    shelf.checks.case("a folder that root may not enter", job, problems)


def late(shelf):
    """What one host has made another one sees later."""
    storage = {"STORAGE_LATE_RANK": "1", "STORAGE_LATE_MS": "700"}
    shelf.ends_as("names that come late", shelf.train("late", *WHOLE, storage=storage), [], "late")
    storage["STORAGE_LATE_MS"] = "2500"
    job = shelf.train("late", *WHOLE, "train.steps=9", storage=storage, resume=True)
    shelf.ends_as("the same at a resume", job, [], "late", like="nine", texts=["resuming from", "after step 6"])


def late_listing(shelf):
    """The newest checkpoint is not found yet: a run of six steps goes on from an older one, to the same end."""
    job = shelf.train("interrupted", *WHOLE, "train.steps=9", storage={"STORAGE_UNLISTED": "step-00000006"}, resume=True)
    shelf.ends_as("a listing without the newest checkpoint", job, [], "interrupted", like="nine", texts=["after step 3"])


def stale(shelf):
    """Reads of what another host has replaced end the run in one line, and it goes on from where it was."""
    reason = r"Stale file handle \(another host has replaced it, or its server was restarted\)"
    for storage, code, what in (
            ({"STORAGE_STALE": "corpus.txt", "STORAGE_STALE_AFTER": "40"}, 3, f"corpus.txt: {reason}; the checkpoint is of step [12]: "),
            ({"STORAGE_STALE": "manifest.json"}, 4, f"manifest.json: {reason}; no older checkpoint in .* is good")):
        job = shelf.train("stale", *WHOLE, storage=storage, resume=True)
        shelf.checks.case(f"{storage}", job, one_error(job, code, [what]))
    shelf.ends_as("go on", shelf.train("stale", *WHOLE, resume=True), [], "stale")


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        shelf = Shelf(checks, folder)
        write(shelf.path("gpt.yaml"), GPT)
        for output, settings in (("whole", WHOLE), ("nine", (*WHOLE, "train.steps=9"))):
            job, problems = shelf.train(output, *settings), []
            done(job, problems)
            checks.case(output, job, problems)
        for part in (interrupted, without_locks, small_files, squashed, late, late_listing, stale):
            part(shelf)
    checks.finish()


main()
