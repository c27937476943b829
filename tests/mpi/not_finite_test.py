"""not_finite_test.py MPIRUN PIPETRAIN: a loss that is not finite stops the job with exit code 5 and
one line that names step, layer and rank; train.on_nonfinite=skip goes on.
"""

import re
import sys
import tempfile

import training_run

FIRST_IN = r"is not finite at step [2-4]: first in layers\.\d+\.\w+, .* of microbatch \d+ \(rank [01]\)"


def main(mpirun, program):
    with tempfile.TemporaryDirectory(prefix="pipetrain-") as folder:
        config = training_run.write_inputs(folder)
        settings = {"optimizer.learning_rate": "1.0e+30", "pipeline.microbatches": 3}
        for schedule in ("gpipe", "1f1b"):
            settings["pipeline.schedule"] = schedule
            done = training_run.run(mpirun, program, 2, config, folder + "/stop", settings)
            errors = [line for line in done.stdout.splitlines() if "pipetrain: error: " in line]
            assert done.returncode == 5, f"exit code {done.returncode}\n{done.stdout}"
            assert len(errors) == 1 and re.search(FIRST_IN, errors[0]), done.stdout
            print(errors[0])

        settings["train.on_nonfinite"] = "skip"
        done = training_run.run(mpirun, program, 2, config, folder + "/skip", settings)
        assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}"
        warnings = [line for line in done.stdout.splitlines() if re.search(FIRST_IN, line)]
        assert len(warnings) == 3, done.stdout  # all but the first step, which spoils the weights
        lines = training_run.metrics(folder + "/skip")
        assert [line["step"] for line in lines] == [0, 1, 2, 3, 4], lines
        training_run.weights(folder + "/skip")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
