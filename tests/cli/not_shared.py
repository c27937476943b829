#!/usr/bin/env python3
"""not_shared.py PIPETRAIN MPIRUN: a run does not start where a rank does not see the run directory, as on a host that
does not share it (here a tmpfs lies over it), and no checkpoint comes to lack that rank's part. Waits half a minute, as
network file systems show things late. Skips (77) where nothing can be mounted. Run by scripts/faults.sh."""

import os
import subprocess
import sys
import tempfile

from inputs import make_inputs
from job import Checks, Job, expect, one_error

ELSEWHERE = 'mount -t tmpfs none shared && exec "$@"'


def main():
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False).returncode:
        print("skipped: nothing can be mounted here, which takes root and a system that allows it")
        sys.exit(77)
    checks, program = Checks(), sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        os.mkdir(os.path.join(folder, "shared"))
        words = ["--config", "model.yaml", "--output", "shared/run"]
        job = Job(2, words, ["-m", "sh", "-c", ELSEWHERE, "sh", program, *words], folder=folder, programs=[program, "unshare"])
        problems = one_error(job, 2, ["shared/run: rank 1 on .* does not see this run directory, which rank 0 has made; "
                                      "set train.output to a folder that all hosts share$"])
        expect(problems, not os.path.exists(os.path.join(folder, "shared/run/checkpoints")), "checkpoints are there")
        checks.case("a folder that one rank does not see", job, problems)
    checks.finish()


main()
