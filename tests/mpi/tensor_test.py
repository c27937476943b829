"""tensor_test.py MPIRUN PIPETRAIN: tensor parallelism under mpirun, alone and with a pipeline and replicas.

Losses are those of one rank to rounding; a run done again has the same bits; a checkpoint holds every weight
once, whole tensors to who reads it, and goes on on another grid.
"""

import sys
import tempfile

import training_run

ROUNDING = 1e-5  # relative
# At this rate four steps do not yet make much of a rounding error.
SETTINGS = {"model.width": 64, "pipeline.microbatches": 2, "pipeline.partition": "uniform",
            "optimizer.learning_rate": 1e-3}
CHECKPOINT = "checkpoints/step-00000004"


def main(mpirun, program):
    failures = []

    def expect(true, problem):
        if not true:
            failures.append(problem)

    with tempfile.TemporaryDirectory(prefix="pipetrain-") as folder:
        config = training_run.write_inputs(folder)

        def run(name, ranks, settings=None, flags=(), **parallel):
            settings = {**SETTINGS, **(settings or {}), **{f"parallel.{key}": value for key, value in parallel.items()}}
            return training_run.Trained(mpirun, program, ranks, config, f"{folder}/{name}", settings, flags)

        def compare(found, expected, name):
            largest = found.difference(expected)
            print(f"{name}: largest relative difference: {largest:.1e}")
            expect(largest < ROUNDING, f"{name}: differs")

        one = run("one", 1)
        two = run("two", 2, tensor=2)
        compare(two, one, "2 ranks share the layers")
        print("peak bytes per rank:", one.peaks, "shared:", two.peaks)
        expect(all(peak < 0.7 * one.peaks[0] for peak in two.peaks), "sharing layers saves no memory")
        piped = run("piped", 4, flags=["--trace"], tensor=2)
        expect(piped.figures == two.figures, "with a pipeline: other figures")
        expect("grid: data 1 x tensor 2 x pipeline 2" in piped.said, "says no grid")
        again = run("again", 4, {"pipeline.schedule": "zb-h1", "pipeline.recompute": "full"}, tensor=2)
        expect(again.weights == two.weights, "zb-h1 with recompute: other weights")

        cube = {"model.depth": 4}
        single = run("single", 1, cube)
        for schedule in ("1f1b", "interleaved"):
            settings = {**cube, "pipeline.schedule": schedule}
            all_ways = run(schedule, 8, settings, data=2, tensor=2, shard="optimizer")
            compare(all_ways, single, f"2 x 2 x 2, {schedule}")
            expect(len(all_ways.peaks) == 8, "peak_bytes of every rank")

        # Half of the steps on one grid, then the rest on another.
        for name, first, then in (("shared", (4, {"tensor": 2}), (1, {})), ("whole", (1, {}), (4, {"tensor": 2}))):
            run(name, first[0], {"train.steps": 2}, **first[1])
            rest = run(name, then[0], flags=["--resume"], **then[1])
            compare(rest, one, f"resumed, {name} before")
        start = {"train.init_from": f"{piped.output}/{CHECKPOINT}", "train.eval_every": 0}
        compare(run("from_slices", 2, start), run("to_slices", 2, start, tensor=2), "init_from")
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
