"""rounded_messages_test.py MPIRUN PIPETRAIN: float32 whose messages are bfloat16, under mpirun.

Every schedule that adds up microbatches in ascending order gives the bits of one rank with the same
stages. Bits that go on where a checkpoint ended are those of a run that was left alone, and a run
that resumes on another cut says so. A precision that is not there is refused with a list.
"""

import sys
import tempfile

import schedules_test
import training_run

MICROBATCHES = 8
RANKS = 2
ROUNDING = 1e-3  # relative: another order of sums may round a message to its neighbour


def settings_of(schedule, virtual_stages, **settings):
    return {"model.depth": 3, "pipeline.schedule": schedule, "pipeline.microbatches": MICROBATCHES,
            "pipeline.partition": "uniform", "pipeline.virtual_stages": virtual_stages,
            "communication.precision": "bfloat16", **settings}


def main(mpirun, program):
    failures = []
    with tempfile.TemporaryDirectory(prefix="pipetrain-") as folder:
        config = training_run.write_inputs(folder)

        def trained(ranks, schedule, virtual_stages, flags=(), **settings):
            output = f"{folder}/{ranks}-{schedule}-{virtual_stages}"
            return training_run.Trained(mpirun, program, ranks, config, output,
                                        settings_of(schedule, virtual_stages, **settings), flags)

        expected = {v: trained(1, "interleaved", RANKS * v) for v in (1, 2)}
        if expected[1].same_bits(expected[2]):
            failures.append("two stages and four give the same bits: nothing is rounded")
        for schedule in schedules_test.schedule_names(program):
            if schedule == "auto":
                continue
            virtual_stages = schedules_test.default_stages(program, schedule)
            found = trained(RANKS, schedule, virtual_stages)
            one = expected[virtual_stages]
            ascends = schedules_test.adds_in_ascending_order(found.output + "/schedule.csv")
            if not found.same_bits(one) if ascends else found.difference(one) > ROUNDING:
                failures.append(f"{schedule}: other figures than one rank with the same stages")

        resumed = trained(RANKS, "1f1b", 1, ["--resume"], **{"train.steps": 6})  # the run above goes on
        if "values are rounded between stages" in resumed.said:
            failures.append("a run on the same cut says that its cut has changed")
        moved = trained(RANKS, "1f1b", 1, ["--resume"], **{"train.steps": 8, "pipeline.partition": "[0, 4]"})
        if "that begin with layers [0, 4], the checkpoint's were [0, 5]" not in moved.said:
            failures.append("a run on another cut does not say so:\n" + moved.said)
        assert len(resumed.lines) < len(moved.lines), moved.lines

        refused = training_run.run(mpirun, program, 1, config, folder + "/refused",
                                   {"communication.precision": "float16"})
        if refused.returncode != 2 or "float32, bfloat16" not in refused.stdout:
            failures.append("float16 is not refused with a list:\n" + refused.stdout)
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
