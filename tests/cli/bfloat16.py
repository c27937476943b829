#!/usr/bin/env python3
"""bfloat16.py PIPETRAIN MPIRUN: bfloat16 is refused where the processor has no instructions for it, unless its
results are asked for without its speed; then training, resuming, evaluation, sampling and bench work in it."""

import json
import os
import tempfile

from inputs import make_inputs, write
from job import Checks, Job, expect, one_error
from runs import GPT, Result, compare, done, killed_after

SWITCH = "PIPETRAIN_EMULATE_BFLOAT16"
EMULATED = {SWITCH: "1"}
CONVOLUTIONS = """model:
  layers:
    - conv2d: {channels: 4, kernel: 3}
    - batch_norm: {relu: true}
    - max_pool: {kernel: 2}
    - conv2d: {channels: 4, kernel: 3}
    - global_mean_pool
    - linear: {features: classes}
data: {format: synthetic, image: [6, 6, 3], classes: 4, samples: 64}
train: {steps: 1, batch_size: 8}
"""


def has_instructions():
    with open("/proc/cpuinfo") as file:
        return "avx512_bf16" in file.read()


def train(folder, ranks, output, *words, config="gpt.yaml", precision="bfloat16"):
    return Job(ranks, ["--config", config, "--output", output, "--set", f"train.precision={precision}", *words],
               folder=folder, env=EMULATED)


def refusals(checks, folder):
    if not has_instructions():
        arguments = ["--config", "gpt.yaml", "--set", "train.precision=bfloat16"]
        for value in ("", "0"):
            job = Job(2, arguments, folder=folder, env={SWITCH: value})
            checks.case(f"no instructions, {SWITCH}='{value}'", job,
                        one_error(job, 2, ["train.precision", "no bfloat16 instructions", "set it to float32", f"{SWITCH}=1"]))
    job = Job(2, ["--config", "gpt.yaml"], folder=folder, env={SWITCH: "yes"})
    checks.case(f"{SWITCH}=yes", job, one_error(job, 2, [f"{SWITCH}: found 'yes'", "expected 1"]))
    # What the processor has is not what oneDNN may use.
    job = Job(1, ["--config", "gpt.yaml", "--set", "train.precision=bfloat16"], folder=folder, env={"ONEDNN_MAX_CPU_ISA": "AVX2"})
    checks.case("oneDNN held to AVX2", job, one_error(job, 2, ["train.precision", "no bfloat16 instructions", "AVX2"]))


def says_it_once(problems, job):
    times = sum("without its speed" in line for line in job.error_output().splitlines())
    expect(problems, times == 1, f"said {times} times that it is emulated")


def training(checks, folder):
    job, problems = train(folder, 2, "whole"), []
    if not done(job, problems):
        checks.case("train", job, problems)
        return
    says_it_once(problems, job)
    checks.case("train", job, problems)
    whole = Result(os.path.join(folder, "whole"))

    job, problems = train(folder, 2, "full", precision="float32"), []
    if done(job, problems):
        full = Result(os.path.join(folder, "full"))
        for mine, its in zip(whole.figures, full.figures):
            key = "loss" if mine["step"] > 0 else "val_loss"
            expect(problems, 0 < abs(mine[key] - its[key]) < 0.02, f"{mine}, in float32 {its}")
        names = [{t["name"]: t["dtype"] if "dtype" in t else None for t in r.manifest["tensors"]} for r in (whole, full)]
        expect(problems, names[0] == names[1], "the checkpoint holds other tensors than float32's")
    checks.case("losses near float32", job, problems)

    losses = []
    for precision in ("bfloat16", "float32"):
        job, problems = train(folder, 2, f"images-{precision}", config="convolutions.yaml", precision=precision), []
        if done(job, problems):
            losses.append(Result(os.path.join(folder, f"images-{precision}")).figures[-1]["loss"])
        if len(losses) == 2:
            expect(problems, 0 < abs(losses[0] - losses[1]) < 0.02, f"losses {losses}")
        checks.case(f"convolutions in {precision}", job, problems)

    for ranks in (2, 1):
        killed_after(folder, "whole", f"again-{ranks}", 3)
        job, problems = train(folder, ranks, f"again-{ranks}", "--resume"), []
        if done(job, problems):
            compare(problems, Result(os.path.join(folder, f"again-{ranks}")), whole)
        checks.case(f"stopped after step 3, goes on on {ranks} ranks with the same bits", job, problems)


def other_commands(checks, folder):
    checkpoint = "whole/checkpoints/step-00000006"
    last = Result(os.path.join(folder, "whole")).figures[-1]["val_loss"]
    precision = ["--set", "train.precision=bfloat16"]

    def case(name, arguments, look):
        job, problems = Job(1, arguments, folder=folder, env=EMULATED), []
        if done(job, problems):
            look(problems, job.output())
        checks.case(name, job, problems)

    def same_loss(problems, out):
        loss = json.loads(out)["loss"]
        expect(problems, loss == last, f"loss {loss}, trained to {last}")

    def in_bfloat16(problems, out):
        report = json.loads(out)
        expect(problems, report["precision"] == "bfloat16", "another precision")
        expect(problems, report["efficiency_of"] == "float32", f"efficiency of {report['efficiency_of']}")
        for foreseen, taken in zip(report["tensor_bytes_foreseen"], report["tensor_bytes"]):
            expect(problems, abs(foreseen / taken - 1) < 0.1, f"{foreseen} bytes foreseen, {taken} taken")

    config = ["--config", "gpt.yaml", *precision]
    # In microbatches of as many rows as on the 2 ranks that trained: others may round otherwise.
    case("eval", ["eval", *config, "--microbatches", "8", "--checkpoint", checkpoint, "--format", "json"], same_loss)
    case("bench", ["bench", *config, "--steps", "2", "--format", "json"], in_bfloat16)
    case("describe", ["describe", *config, "--ranks", "2"], lambda problems, out: None)
    case("plan", ["plan", *config, "--ranks", "2"], lambda problems, out: None)
    case("generate", ["generate", "--checkpoint", checkpoint, "--prompt", "the ", "--tokens", "8"],
         lambda problems, out: expect(problems, out.startswith("the "), f"wrote {out!r}"))


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="pipetrain-") as folder:
        make_inputs(folder)
        write(os.path.join(folder, "gpt.yaml"), GPT)
        write(os.path.join(folder, "convolutions.yaml"), CONVOLUTIONS)
        refusals(checks, folder)
        training(checks, folder)
        other_commands(checks, folder)
    checks.finish()


if __name__ == "__main__":
    main()
