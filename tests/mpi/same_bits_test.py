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
ROUNDING = 1e-5  # relative


def trained(mpirun, program, config, folder, ranks, schedule, microbatches, cut, recompute="none"):
    output = f"{folder}/{ranks}-{schedule}-{microbatches}-{recompute.split(',')[0]}"
    done = training_run.Trained(mpirun, program, ranks, config, output, {
        "pipeline.schedule": schedule, "pipeline.microbatches": microbatches,
        "pipeline.partition": cut, "pipeline.recompute": recompute})
    assert [line["step"] for line in done.lines] == [0, 1, 2, 3, 4], done.lines
    assert done.lines[-1]["loss"] < done.lines[1]["loss"], done.lines
    assert len(done.figures) == 4 + 4 + 3, done.figures
    return done


def differences(case, found, expected):
    return [] if found.same_bits(expected) else [f"{case}: other figures or weights than one rank's gpipe"]


def main(mpirun, program):
    failures, across = [], []
    with tempfile.TemporaryDirectory(prefix="pipetrain-") as folder:
        config = training_run.write_inputs(folder)
        for microbatches in MICROBATCHES:
            expected = None
            for ranks, cuts in CUTS.items():
                for schedule, cut in cuts.items():
                    found = trained(mpirun, program, config, folder, ranks, schedule, microbatches,
                                    cut)
                    expected = expected or found
                    failures += differences(f"M={microbatches}, {schedule}, {ranks} ranks", found,
                                            expected)
            across.append(expected)
            if microbatches != 4:
                continue
            for ranks, schedule, recompute in RECOMPUTED:
                found = trained(mpirun, program, config, folder, ranks, schedule, microbatches,
                                "uniform", recompute)
                failures += differences(f"recompute {recompute}, {schedule}, {ranks} ranks", found,
                                        expected)
    largest = max(found.difference(across[0]) for found in across)
    print(f"largest relative difference between numbers of microbatches: {largest:.1e}")
    if largest > ROUNDING:
        failures.append(f"numbers of microbatches differ by more than {ROUNDING}")
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
