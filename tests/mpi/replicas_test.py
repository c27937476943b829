"""replicas_test.py MPIRUN PIPETRAIN: data parallelism under mpirun, 2 replicas of 2 stages.

Losses are those of one rank to rounding; a run done again has the same bits, and so has one whose
optimizer is sharded, on less memory. Sharded parameters take less still; they agree to rounding, and with one
microbatch to the last bit. Metrics and traces have every rank, checkpoints every weight once.
"""

import json
import os
import sys
import tempfile

import training_run

ROUNDING = 1e-5  # relative
SETTINGS = {"model.width": 64, "pipeline.microbatches": 2, "pipeline.partition": "uniform"}


def main(mpirun, program):
    failures = []

    def expect(true, problem):
        if not true:
            failures.append(problem)

    with tempfile.TemporaryDirectory(prefix="pipetrain-") as folder:
        config = training_run.write_inputs(folder)

        def run(name, ranks, flags=(), settings=None, **parallel):
            settings = {**SETTINGS, **(settings or {}), **{f"parallel.{key}": value for key, value in parallel.items()}}
            return training_run.Trained(mpirun, program, ranks, config, f"{folder}/{name}", settings, flags)

        one = run("one", 1, shard="optimizer")
        expect(one.said.count("parallel.shard optimizer has no effect") == 1, "says once: no effect")
        two = run("two", 4, ["--trace"], data=2)
        again = run("again", 4, data=2)
        sharded = run("sharded", 4, data=2, shard="optimizer")

        def compare(found, expected, name):
            largest = found.difference(expected)
            print(f"{name}: largest relative difference to one rank: {largest:.1e}")
            expect(largest < ROUNDING, f"{name}: differs from one rank")

        compare(two, one, "2 replicas")
        for other, name in ((again, "done again"), (sharded, "sharded")):
            expect(other.same_bits(two), f"{name}: other figures or weights")
        expect(two.weights.keys() == one.weights.keys(), "a checkpoint of other tensors")

        parameters = run("parameters", 4, ["--trace"], data=2, shard="parameters")
        compare(parameters, one, "parameters sharded")
        expect("each keeps its share of weights, gradients and moments" in parameters.said, "does not say what is sharded")
        expect("parallel.shard parameters has no effect" in
               run("alone", 1, shard="parameters").said, "sharding at one replica is said")
        one_microbatch = {"pipeline.microbatches": 1}
        single = run("single", 4, settings=one_microbatch, data=2)
        single_sharded = run("single sharded", 4, settings=one_microbatch, data=2, shard="parameters")
        expect(single_sharded.figures == single.figures, "one microbatch, parameters sharded: other figures")
        expect(training_run.whole_weights(single_sharded.output) == training_run.whole_weights(single.output), "one microbatch, parameters sharded: other weights")
        expect(run("parameters again", 4, data=2, shard="parameters").weights == parameters.weights, "sharded again: other weights")
        print("with parameters sharded:", parameters.peaks)
        expect(len(two.peaks) == 4, "peak_bytes of every rank")
        print("peak bytes per rank:", two.peaks, "sharded:", sharded.peaks)
        expect(all(a < b for a, b in zip(sharded.peaks, two.peaks)), "sharding saves no memory")

        for line in ("grid: data 2 x tensor 1 x pipeline 2",
                     "replica 1: ranks 2 to 3, pipeline places 0 to 1, on "):
            expect(line in two.said, f"does not say: {line}")
        with open(os.path.join(two.output, "trace.json")) as file:
            events = json.load(file)["traceEvents"]
        expect({event["tid"] for event in events} == {0, 1, 2, 3}, "a track of every rank")

        with open(os.path.join(parameters.output, "trace.json")) as file:
            waits = [event for event in json.load(file)["traceEvents"] if event["name"].endswith("UNSHARD")]
        expect(waits and all(event["name"].startswith("wait ") for event in waits), "the trace shows no wait for weights")

        checkpoint = os.path.join(two.output, "checkpoints", "step-00000004")
        # Half of the steps, then the rest.
        half = run("resumed", 4, settings={"train.steps": 2}, data=2, shard="optimizer")
        expect(half.figures == two.figures[:len(half.figures)], "the first half differs")
        rest = run("resumed", 4, ["--resume"], data=2, shard="optimizer")
        expect(rest.weights == two.weights, "a resumed run differs")

        start = {"train.init_from": checkpoint, "train.eval_every": 0}
        compare(run("going on", 4, settings=start, data=2), run("going on alone", 1, settings=start), "init_from")
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
