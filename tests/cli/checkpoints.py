#!/usr/bin/env python3
"""checkpoints.py PIPETRAIN MPIRUN: which checkpoint a run goes on from and which it keeps; a damaged one is never
trained on from: it is refused, or passed over for an older good one, and either is said. Signals, losses that are not
finite and full disks leave a checkpoint to go on from."""

import json
import os
import shutil
import signal
import tempfile
import time

from inputs import make_inputs, write
from job import Checks, expect, one_error
from runs import GPT, Result, checkpoint, checkpoint_steps, compare, done, killed_after, manifest, running, said, train


def chosen(checks, folder):
    """Which checkpoint --resume takes."""
    run = os.path.join(folder, "run")

    def case(name, *texts, expected=None, resume=""):
        job, problems = train(folder, 2, "run", resume=resume), []
        if done(job, problems) and expected:
            compare(problems, Result(run), expected)
        said(problems, job, *texts)
        checks.case(name, job, problems)
        return problems

    case("nothing to resume from", "no checkpoint to resume from yet: starting from the beginning")
    whole = Result(run)
    case("a run that is done", "nothing to do: 6 steps are done of 6; raise train.steps to go on", expected=whole)
    third = checkpoint("run", 3)
    case("a checkpoint by its name", f"resuming from {third}, after step 3", "checkpoints after step 3 are of a run that was given up", expected=whole,
         resume=third)
    moved = os.listdir(os.path.join(run, "checkpoints", "set-aside"))
    job, problems = train(folder, 2, "other", resume=third), []
    if done(job, problems):
        lines = [line["step"] for line in Result(os.path.join(folder, "other")).lines]
        expect(problems, lines == [4, 5, 6], f"lines of steps {lines}")
        expect(problems, Result(os.path.join(folder, "other")).tensors == whole.tensors, "other tensors")
        expect(problems, moved == ["step-00000006"], f"set aside: {moved}")
    checks.case("another run's checkpoint by its name", job, problems)


def shard(folder, number):
    return os.path.join(folder, f"shard-{number:05}-of-00002.safetensors")


def flip_bit(path):
    with open(path, "r+b") as file:
        file.seek(-20, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-20, os.SEEK_END)
        file.write(bytes([byte ^ 8]))


def change(path, key, value):
    with open(path) as file:
        content = json.load(file)
    content[key] = value
    write(path, json.dumps(content))


# (name, what happens to a checkpoint's folder, what the error says)
DAMAGES = [
    ("a flipped bit", lambda at: flip_bit(shard(at, 1)), "shard-00001-of-00002.safetensors: tensor .* does not match its checksum"),
    ("a file cut short", lambda at: os.truncate(shard(at, 0), 5000), "shard-00000-of-00002.safetensors: "),
    ("a missing shard", lambda at: os.remove(shard(at, 1)), "shard-00001-of-00002.safetensors: No such file"),
    ("a manifest of another version", lambda at: change(at + "/manifest.json", "version", 99),
     "manifest.json: has format version 99, expected "),
    ("a manifest of another step", lambda at: change(at + "/manifest.json", "step", 7),
     "manifest.json: does not match its checksum"),
    ("no manifest", lambda at: os.remove(at + "/manifest.json"), "has no manifest.json, expected a complete checkpoint"),
    ("half a manifest", lambda at: os.truncate(at + "/manifest.json", 3000), "manifest.json: is damaged"),
    ("another vocabulary", lambda at: write(at + "/tokenizer.json", "{}"), "tokenizer.json: does not match its checksum"),
    ("a file outside the folder", lambda at: change(at + "/manifest.json", "files", {"../x": "0"}),
     "manifest.json: names a file outside its folder"),
]


def damaged(checks, folder):
    whole = Result(os.path.join(folder, "run"))
    for name, damage, error in DAMAGES:
        output = "damaged " + name
        killed_after(folder, "run", output, 6)
        newest = checkpoint(os.path.join(folder, output), 6)
        damage(newest)
        job = train(folder, 2, output, resume=newest)
        checks.case(f"{name}: refused", job, one_error(job, 4, ["step-00000006", error]))
        job, problems = train(folder, 2, output, resume=""), []
        if done(job, problems):
            compare(problems, Result(os.path.join(folder, output)), whole)
        said(problems, job, "not resumed from: checkpoint: ", "step-00000003, after step 3")
        checks.case(f"{name}: passed over", job, problems)
        shutil.rmtree(os.path.join(folder, output))


def refused(checks, folder):
    killed_after(folder, "run", "bad", 6)
    bad = os.path.join(folder, "bad")
    for step in (3, 6):
        flip_bit(shard(checkpoint(bad, step), 0))
    cases = [
        ("no good one left", "bad", (), "", ["does not match its checksum", "no older checkpoint in .* is good"]),
        ("a wider model", "run", ("model.width=32",), "", ["tensor layers.0.embedding", "has shape .*16.*expected .*32"]),
        ("a shorter model", "run", ("model.depth=2",), "", ["has a tensor layers", "is it of another model"]),
        ("other heads", "run", ("model.heads=4",), "", ["its transformer_block has heads 2, the configuration's 4"]),
        ("another optimizer", "run", ("optimizer.type=sgd",), "", ["optimizer.momentum.layers", "optimizer.type"]),
        ("another vocabulary", "run", ("data.tokenizer=byte",), "", ["tensor layers.0.embedding|another vocabulary"]),
        ("a folder that is none", "run", (), "corpus.txt", ["corpus.txt: is not a folder"]),
    ]
    for name, output, settings, named, patterns in cases:
        job = train(folder, 2, output, "train.steps=9", *settings, resume=named)
        checks.case(f"{name}: refused", job, one_error(job, 4, patterns))


def kept(checks, folder):
    job = train(folder, 2, "kept", "train.steps=9", "train.checkpoint_every=1", "train.keep_checkpoints=2",
                "optimizer.learning_rate=1", "optimizer.schedule.type=constant", "train.eval_batches=all")
    problems = []
    if done(job, problems):
        result = Result(os.path.join(folder, "kept"))
        losses = {line["step"]: line["val_loss"] for line in result.lines if "val_loss" in line and line["step"] > 0}
        best = min(losses, key=losses.get)
        expect(problems, best == 3, f"the case is no test: losses {losses}")
        expect(problems, result.steps() == [best, 8, 9], f"kept: {result.steps()}")
        named = os.readlink(os.path.join(folder, "kept", "checkpoints", "best"))
        expect(problems, named == f"step-{best:08}", f"named as the best: {named}")
    checks.case("the newest and the best are kept", job, problems)


def unwritable(checks, folder):
    """Where the folder of the checkpoints should be, there is a file."""
    os.mkdir(os.path.join(folder, "unwritable"))
    write(os.path.join(folder, "unwritable", "checkpoints"), "")
    job = train(folder, 2, "unwritable")
    checks.case("a checkpoint that cannot be written stops the run", job,
                one_error(job, 4, ["unwritable/checkpoints.*: Not a directory; there is no earlier checkpoint to go on from"]))
    job, problems = train(folder, 2, "unwritable", "train.on_write_error=continue"), []
    done(job, problems)
    count = job.error_output().count("no checkpoint: ")
    expect(problems, count == 2, f"{count} warnings, expected 2")
    checks.case("or is done without", job, problems)


def more_rows(checks, folder):
    """Of labelled data: what is left of an epoch is not the same rows."""
    settings = ("data.format=synthetic", "data.classes=4", "data.samples=20", "model.preset=classifier", "model.vocabulary=20")
    job, problems = train(folder, 1, "epochs", "train.steps=2", *settings), []
    if done(job, problems):
        job = train(folder, 1, "epochs", "train.batch_size=6", *settings, resume="")
        done(job, problems)
        said(problems, job, "the steps so far took 16 rows, of this batch size and number of microbatches they would be 12")
    checks.case("another batch size in mid-epoch is said", job, problems)


def stopped(checks, folder):
    """By a signal to mpirun, which passes it on, or to one rank."""
    settings = ("train.steps=100000", "train.eval_every=0", "train.checkpoint_every=100", "optimizer.schedule.type=constant",
                "model.dropout=0.1")
    cases = [("mpirun", signal.SIGUSR1), (1, signal.SIGUSR1), (0, signal.SIGTERM), (1, signal.SIGINT)]
    for i, (victim, number) in enumerate(cases):
        output, name = f"stopped{i}", signal.Signals(number).name
        run = os.path.join(folder, output)
        job, problems = train(folder, 2, output, *settings), []
        running(job, run)
        if victim == "mpirun":
            job.tell(number)
        else:
            os.kill(job.ranks()[victim], number)
        asked = time.monotonic()
        code, seconds = job.wait(20), time.monotonic() - asked
        expect(problems, code == 75, f"exit code {code}, expected 75")
        expect(problems, not job.errors(), "reports an error")
        said(problems, job, "stopped on request after step ", "--resume goes on from there")
        checks.case(f"{name} to {victim if victim == 'mpirun' else f'rank {victim}'}: ended after {seconds:.2f} s", job,
                    problems)
        if problems:
            continue
        steps = checkpoint_steps(run)
        ends = [f"train.steps={steps[-1] + 5}"]
        job, problems = train(folder, 2, output, *settings, *ends, resume=""), []
        other = train(folder, 2, output + "-whole", *settings, *ends)
        if done(job, problems) and done(other, problems):
            compare(problems, Result(run), Result(run + "-whole"))
        checks.case(f"going on after step {steps[-1]}", job, problems)


def not_finite(checks, folder):
    settings = ("optimizer.learning_rate=1e30", "optimizer.clip_norm=0", "optimizer.weight_decay=0",
                "optimizer.schedule.type=constant", "optimizer.schedule.warmup_steps=0", "optimizer.type=sgd",
                "train.eval_every=0", "train.steps=20", "train.checkpoint_every=0")
    for ranks in (1, 2):
        output = f"not-finite-{ranks}"
        job = train(folder, ranks, output, *settings)
        problems = one_error(job, 5, [r"not finite at step \d+: first in layers", "the checkpoint is of the last good step"])
        steps = checkpoint_steps(os.path.join(folder, output))
        expect(problems, len(steps) == 1 and steps[0] >= 1, f"checkpoints of steps {steps}")
        checks.case(f"not finite on {ranks} ranks leaves a checkpoint", job, problems)
        job = train(folder, ranks, output, *settings, "optimizer.learning_rate=1e-30", resume="")
        checks.case("and is found again from there", job, one_error(job, 5, [f"at step {steps[0] + 1}: "]))


def other_settings(checks, folder):
    """What a resumed run has otherwise than its checkpoint."""
    killed_after(folder, "run", "changed", 6)
    at = manifest(os.path.join(folder, "changed"), 6)
    origin, problems = at["origin"], []
    expect(problems, origin["hosts"] == 1 and origin["program"].startswith("pipetrain ") and origin["date"].endswith("Z")
           and "--config gpt.yaml --output run" in origin["command"], f"origin {origin}")
    expect(problems, origin["files"][0]["bytes"] == os.path.getsize(os.path.join(folder, "corpus.txt")), f"files {origin}")
    job = train(folder, 1, "changed", "train.steps=8", "data.validation_fraction=0.2", "train.seed=7", resume="")
    if done(job, problems):
        said(problems, job, "settings that differ from the checkpoint's: data.validation_fraction 0.2 (was 0.1), train.output ",
             "train.seed 7 (was 1337), train.steps 8 (was 6)", "of the 900 tokens that validate now trained before",
             "keeps the checkpoint's curve, optimizer.schedule.decay_steps 6, after which it stays at min_learning_rate, 0; "
             "set decay_steps to 8")
        rates = [line["learning_rate"] for line in Result(os.path.join(folder, "changed")).lines[-2:]]
        expect(problems, rates == [0, 0], f"learning rates {rates}")
    checks.case("other settings than the checkpoint's are said", job, problems)


def skipped(checks, folder):
    """Skipping ends when nothing else happens; weights that gave no finite loss are not gone on from."""
    settings = ("optimizer.learning_rate=1e30", "optimizer.clip_norm=0", "optimizer.schedule.type=constant",
                "optimizer.schedule.warmup_steps=0", "train.eval_every=0", "train.checkpoint_every=1", "train.on_nonfinite=skip")
    job = train(folder, 1, "skipped", *settings, "train.steps=30", "train.max_skipped_steps=4")
    problems = one_error(job, 5, [r"at step 5: .*; that makes 4 skipped steps in a row, as many as train.max_skipped_steps; "
                                  r"the weights after step 1 may be ruined, so their checkpoints are now in .*set-aside"])
    said(problems, job, "no checkpoint of step 2: the last step was not finite")
    at = os.path.join(folder, "skipped")
    expect(problems, checkpoint_steps(at) == [], f"checkpoints of steps {checkpoint_steps(at)}")
    aside = os.listdir(os.path.join(at, "checkpoints", "set-aside"))
    expect(problems, aside == ["step-00000001"], f"set aside: {aside}")
    checks.case("ten skipped steps in a row, or so, end the run", job, problems)

    job, problems = train(folder, 1, "doubtful", *settings, "train.steps=3"), []
    if done(job, problems):
        expect(problems, checkpoint_steps(os.path.join(folder, "doubtful")) == [1, 3], "checkpoints")
        job = train(folder, 1, "doubtful", *settings, "train.steps=4", resume="")
        done(job, problems)
        said(problems, job, "step-00000003: may hold ruined weights (the last 2 steps were not finite)", "after step 1")
    checks.case("a checkpoint in doubt is gone on from by name only", job, problems)


def starting_weights(checks, folder):
    """No steps: the weights that training starts with, from which it is the same as ever."""
    job, problems = train(folder, 2, "start", "train.steps=0", "optimizer.schedule.decay_steps=6"), []
    run = os.path.join(folder, "start")
    if done(job, problems):
        lines = Result(run).lines
        expect(problems, checkpoint_steps(run) == [0], f"checkpoints of steps {checkpoint_steps(run)}")
        expect(problems, len(lines) == 1 and lines[0]["step"] == 0 and "val_loss" in lines[0], f"lines {lines}")
        job = train(folder, 2, "start", resume="")
        if done(job, problems):
            found = Result(run)
            compare(problems, found, Result(os.path.join(folder, "run")))
            seen, seconds = [line["tokens"] for line in found.lines], [line["elapsed_seconds"] for line in found.lines]
            expect(problems, seen == [64 * step for step in range(7)], f"tokens seen: {seen}")
            expect(problems, seconds == sorted(seconds) and seconds[0] > 0, f"seconds since the start: {seconds}")
    checks.case("no steps write the starting weights", job, problems)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        write(os.path.join(folder, "gpt.yaml"), GPT)
        for group in (chosen, starting_weights, other_settings, damaged, refused, kept, unwritable, more_rows, stopped, not_finite, skipped):
            group(checks, folder)
    checks.finish()


main()
