"""same_bits_test.py MPIRUN PIPETRAIN: laws 1 and 2 under mpirun.

At one number of microbatches, every number of stages, every cut and both schedules give the same
bits: losses, gradient norms, validation losses and saved weights; so do recomputed layers. Another
number of microbatches gives the same losses to rounding, though their sizes may differ by a row.
"""

import sys
import tempfile

import training_run

MICROBATCHES = [1, 3, 4, 5, 6]  # of a batch of 12: 5 does not divide it; fewer than stages, too
# Ranks -> the cut of each schedule; both are fixed, so that a failure comes again.
CUTS = {1: {"gpipe": "uniform", "1f1b": "uniform"},
        2: {"gpipe": "uniform", "1f1b": "[0, 5]"},
        4: {"gpipe": "uniform", "1f1b": "[0, 1, 2, 6]"}}
# What is recomputed, at 4 microbatches: (ranks, schedule, pipeline.recompute).
RECOMPUTED = [(1, "gpipe", "full"), (2, "1f1b", "full"), (2, "zb-h1", "attention"),
              (2, "zbv", "[0, layers.3.attention, layers.4.mlp]"), (4, "gpipe", "attention"),
              (4, "zb-h1", "full")]
FIGURES = ["loss", "grad_norm", "val_loss"]
ROUNDING = 1e-5  # relative


def figures(mpirun, program, config, folder, ranks, schedule, microbatches, cut, recompute="none"):
    output = f"{folder}/{ranks}-{schedule}-{microbatches}-{recompute.split(',')[0]}"
    done = training_run.run(mpirun, program, ranks, config, output, {
        "pipeline.schedule": schedule, "pipeline.microbatches": microbatches,
        "pipeline.partition": cut, "pipeline.recompute": recompute})
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}"
    lines = training_run.metrics(output)
    assert [line["step"] for line in lines] == [1, 2, 3, 4], lines
    assert lines[-1]["loss"] < lines[0]["loss"], lines
    found = [line[name] for line in lines for name in FIGURES if name in line]
    assert len(found) == 4 + 4 + 2, found
    return found, training_run.weights(output)


def differences(case, found, expected):
    return [f"{case}: other {what} than one rank's gpipe"
            for what, mine, theirs in zip(("figures", "weights"), found, expected) if mine != theirs]


def main(mpirun, program):
    failures, across = [], []
    with tempfile.TemporaryDirectory(prefix="pipetrain-") as folder:
        config = training_run.write_inputs(folder)
        for microbatches in MICROBATCHES:
            expected = None
            for ranks, cuts in CUTS.items():
                for schedule, cut in cuts.items():
                    found = figures(mpirun, program, config, folder, ranks, schedule, microbatches,
                                    cut)
                    expected = expected or found
                    failures += differences(f"M={microbatches}, {schedule}, {ranks} ranks", found,
                                            expected)
            across.append(expected[0])
            if microbatches != 4:
                continue
            for ranks, schedule, recompute in RECOMPUTED:
                found = figures(mpirun, program, config, folder, ranks, schedule, microbatches,
                                "uniform", recompute)
                failures += differences(f"recompute {recompute}, {schedule}, {ranks} ranks", found,
                                        expected)
    largest = max(abs(a - b) / abs(b) for found in across for a, b in zip(found, across[0]))
    print(f"largest relative difference between numbers of microbatches: {largest:.1e}")
    if largest > ROUNDING:
        failures.append(f"numbers of microbatches differ by more than {ROUNDING}")
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
