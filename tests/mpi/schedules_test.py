"""schedules_test.py MPIRUN PIPETRAIN: every schedule trains under mpirun.

At one number of microbatches each schedule that adds up microbatches in ascending order gives the
bits of 1F1B on one rank: losses, gradient norms and saved weights. One that does not, as looped-bfs,
agrees to rounding. Tables and the searched schedule run like the named ones.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

import training_run

MICROBATCHES = 8  # of a batch of 12: dualpipev needs two for each of 4 ranks
TABLES = {4: ["vhalf_sail_S4_M8.csv", "zb2p_sail_S4_M8.csv", "looped_bfs_v2_S4_M8.csv"]}
PUBLISHED = os.path.join(os.path.dirname(__file__), "..", "golden", "schedules")
ROUNDING = 1e-6  # relative


def schedule_names(program):
    """All that a run may name, as the error about an unknown one lists them."""
    refused = subprocess.run([program, "schedule", "--name", "?", "--ranks", "2", "--microbatches", "2"],
                             stderr=subprocess.PIPE, text=True)
    return re.search(r"expected one of (.*), or a \.csv file", refused.stderr)[1].split(", ")


def default_stages(program, schedule):
    """Of each rank, where nobody says how many."""
    drawn = subprocess.run([program, "schedule", "--name", schedule, "--ranks", "2", "--microbatches", "4", "--format", "json"],
                           stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(drawn.stdout)["virtual_stages"]


def adds_in_ascending_order(table):
    """Whether the Ws (or Bs) of each stage come in the order of their microbatches."""
    newest = {}
    with open(table) as file:
        for stage, microbatch in re.findall(r"(\d+)[BW](\d+)", file.read()):
            if int(microbatch) < newest.get(stage, 0):
                return False
            newest[stage] = int(microbatch)
    return True


def trained(mpirun, program, config, folder, ranks, schedule, **settings):
    output = f"{folder}/{ranks}-{schedule.rsplit('/', 1)[-1]}-{len(settings)}"
    done = training_run.Trained(mpirun, program, ranks, config, output, {
        "model.depth": 3, "train.eval_every": 0, "pipeline.schedule": schedule,
        "pipeline.microbatches": MICROBATCHES, "pipeline.partition": "uniform", **settings})
    assert [line["step"] for line in done.lines] == [1, 2, 3, 4], done.lines
    with open(output + "/schedule.csv") as file:
        assert len(file.readlines()) == ranks
    return done


def main(mpirun, program):
    failures = []
    with tempfile.TemporaryDirectory(prefix="pipetrain-") as folder:
        config = training_run.write_inputs(folder)
        expected = trained(mpirun, program, config, folder, 1, "1f1b")
        names = schedule_names(program)
        assert {"gpipe", "looped-bfs", "auto"} <= set(names), names

        def check(ranks, schedule, **settings):
            found = trained(mpirun, program, config, folder, ranks, schedule, **settings)
            largest, exact = found.difference(expected), adds_in_ascending_order(found.output + "/schedule.csv")
            print(f"{ranks} ranks, {schedule.rsplit('/', 1)[-1]}: largest difference {largest:.1e}")
            if not found.same_bits(expected) if exact else largest > ROUNDING:
                failures.append(f"{schedule} on {ranks} ranks: other figures than 1f1b on one")

        for ranks in (2, 4):
            for schedule in names:
                check(ranks, schedule)
            for table in TABLES.get(ranks, []):
                check(ranks, f"{PUBLISHED}/{table}")
        check(2, "auto", **{"pipeline.virtual_stages": 2, "pipeline.partition": "auto",
                                        "pipeline.live_microbatches": 1})
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
