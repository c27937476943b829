#!/usr/bin/env python3
"""instruction_sets.py PIPETRAIN MPIRUN: ONEDNN_MAX_CPU_ISA holds products and vector kernels to an instruction set, the
log and --version say which runs, and a training run comes to the same losses at every level."""

import re
import sys
import tempfile

from inputs import make_inputs, write
from job import Checks, Job, expect
from runs import GPT, Result, done

# Level, what the log calls it, the vector kernels, and the processor's flag that it takes (of /proc/cpuinfo).
LEVELS = [("SSE41", "SSE4.1", "sse2", "sse4_1"), ("AVX", "AVX", "sse2", "avx"), ("AVX2", "AVX2", "avx2", "avx2"),
          ("AVX512_CORE", "AVX-512", "avx512", "avx512vl"), ("AVX512_CORE_BF16", "AVX-512 BF16", "avx512bf16", "avx512_bf16")]
NEAR = 1e-4  # of a loss, relative: sums in another order
VARIABLE = "ONEDNN_MAX_CPU_ISA"


def processor_flags():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^flags\s*:(.*)$", file.read(), re.MULTILINE)
    return found[1].split() if found else []


def losses(output):
    return [line["loss"] for line in Result(output).lines if "loss" in line]


def level_of(checks, folder, level, name, kernels, expected):
    """The losses at this level."""
    output = f"{folder}/{level}"
    job = Job(1, ["--config", "gpt.yaml", "--output", output], folder=folder, env={VARIABLE: level})
    problems = []
    if done(job, problems):
        said = re.search(r"\d\d:\d\d:\d\d \w+ computes with (.*), oneDNN [\d.]+, vector kernels (\w+)$", job.error_output(), re.MULTILINE)
        expect(problems, said and said.groups() == (name, kernels), f"says {said and said[0]}, expected {name} and {kernels}")
        found = losses(output)
        worst = max(abs(a - b) / b for a, b in zip(found, expected or found, strict=True))
        expect(problems, worst < NEAR, f"losses differ by {worst:.1e} of them from the lowest level's: {found}")
        checks.case(f"{level}: {said and said[0]}, losses within {worst:.1e}", job, problems)
        return expected or found
    checks.case(level, job, problems)
    return expected


def version(checks, level, name, kernels):
    job, problems = Job(1, ["--version"], env={VARIABLE: level}), []
    if done(job, problems):
        expect(problems, f"\nprocessor: {name}, oneDNN " in job.output() and f"kernels {kernels}\n" in job.output(), job.output())
    checks.case(f"--version with {level}", job, problems)


def different(checks, folder, flags):
    """Ranks that compute otherwise are told apart in the log, as on hosts of two kinds."""
    sets = [(level, name, kernels) for level, name, kernels, flag in LEVELS if flag in flags][:3:2]
    if len(sets) < 2:
        return
    words = [sys.argv[1], "--config", "gpt.yaml", "--output", f"{folder}/different"]
    parts = [[f"{VARIABLE}={level}", *words] for level, _, _ in sets]
    job, problems = Job(2, *parts, folder=folder, programs=["/usr/bin/env"] * 2), []
    if done(job, problems):
        lines = [line for line in job.error_output().splitlines() if "different instruction sets" in line]
        expect(problems, len(lines) == 1, f"{len(lines)} warnings, expected one")
        for rank, (_, name, kernels) in enumerate(sets):
            pattern = rf" {name}, oneDNN [\d.]+, vector kernels {kernels} on rank {rank};"
            expect(problems, lines and re.search(pattern, lines[0]), f"the warning lacks {pattern}: {lines}")
        expect(problems, lines and f"set {VARIABLE} alike for all" in lines[0], "does not say what to do")
    checks.case(f"ranks with {' and '.join(name for _, name, _ in sets)}", job, problems)


def main():
    checks, flags, expected = Checks(), processor_flags(), None
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        write(f"{folder}/gpt.yaml", GPT)
        for level, name, kernels, flag in LEVELS:
            if flag in flags:
                expected = level_of(checks, folder, level, name, kernels, expected)
                version(checks, level, name, kernels)
        different(checks, folder, flags)
        if "amx_tile" not in flags:  # a level that the processor lacks is the best that it has
            job, problems = Job(1, ["--version"], env={VARIABLE: "AVX512_CORE_AMX"}), []
            done(job, problems)
            found = job.output()
            job = Job(1, ["--version"], env={VARIABLE: "ALL"})
            done(job, problems)
            expect(problems, found == job.output(), f"{found} and {job.output()}")
            checks.case("a level beyond the processor's", job, problems)
    checks.finish()


main()
