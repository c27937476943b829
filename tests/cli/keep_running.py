#!/usr/bin/env python3
"""keep_running.py SCRIPT: what scripts/keep_running.sh does after each way in which a run ends, with programs that
stand for mpirun and pipetrain and only note how they are called."""

import os
import signal
import subprocess
import sys
import tempfile
import time

from stand_ins import StandIns

PROGRAMS = {
    # Ends with the next exit code of `codes`; 0 at their end. Makes a checkpoint where `saves` says so.
    "mpirun": """trap 'echo passed on >>"$HERE/calls"; rm -f "$HERE/waits"' USR1
echo "$@" >>"$HERE/calls"
while [ -e "$HERE/waits" ]; do sleep 0.05; done
starts=$(wc -l <"$HERE/calls")
[ ! -e "$HERE/saves" ] || mkdir -p "$HERE/run/checkpoints/step-$starts"
[ ! -e "$HERE/goes" ] || echo b >"$HERE/away"
code=$(head -1 "$HERE/codes"); sed -i 1d "$HERE/codes"
exit "${code:-0}"
""",
    "reach": """! grep -qx "$1" "$HERE/away" 2>/dev/null
""",
    "tell": """echo "$@" >>"$HERE/told"
""",
    # plan --config FILE --ranks N --write FILE
    "pipetrain": """echo "$@" >>"$HERE/plans"
[ ! -e "$HERE/no_plan" ] || { echo "pipetrain: error: nothing fits" >&2; exit 2; }
echo planned >"$7"
""",
}


# Of 4 replicas, which 2 ranks cannot be.
WIDE = "pipeline:\n  schedule: 1f1b\n  microbatches: 6\nparallel:\n  data: 4\n  tensor: 1\n"


class Site(StandIns):
    def __init__(self, folder, codes=(), present=()):
        super().__init__(folder, PROGRAMS, codes, present)
        os.makedirs(os.path.join(folder, "run"))
        self.write("hosts", "# two hosts\na slots=2\nb slots=2\n")
        self.write("run/config.yaml", "pipeline:\n  schedule: 1f1b\n  microbatches: 6\n")

    def start(self, *words, **settings):
        environment = self.environment(**{
            "PIPETRAIN_PAUSE": "0", "PIPETRAIN": os.path.join(self.programs, "pipetrain"), "PIPETRAIN_REACH": "reach",
            "PIPETRAIN_TELL": "tell", "PIPETRAIN_RESTARTS": "2", **settings})
        return subprocess.Popen(["bash", sys.argv[1], *words], cwd=self.folder, env=environment,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def run(self, **settings):
        script = self.start("hosts", "--config", "my.yaml", "--output", "run", "--trace", **settings)
        self.said = script.communicate(timeout=60)[1]
        return script.returncode

    def ranks(self):
        return [call.split("-np ")[1].split()[0] for call in self.lines("calls")]


failed = 0


def check(what, found, expected):
    global failed
    ok = found == expected
    failed += not ok
    print(f"{'ok' if ok else 'FAILED':6}  {what}" + ("" if ok else f": {found}, expected {expected}"), flush=True)


def site(folder, name, *args, **kwargs):
    return Site(os.path.join(folder, name), *args, **kwargs)


def ends(folder):
    for code in (0, 75, 2, 3, 4, 5):
        run = site(folder, f"code{code}", codes=[code])
        check(f"exit code {code} ends it", run.run(), code)
        check("after one start", len(run.lines("calls")), 1)
        check("and is told once", len(run.lines("told")), 1)


def lost(folder):
    run = site(folder, "lost", codes=[6, 137])
    check("lost ranks: started again", run.run(), 0)
    check("with all ranks, resuming", [line.endswith("--config my.yaml --output run --trace --resume") for line in run.lines("calls")],
          [True] * 3)
    check("no plan is asked for", run.lines("plans"), [])
    run = site(folder, "again", codes=[1] * 9)
    check("lost again and again without a checkpoint: given up", run.run(), 1)
    check("after two more starts", len(run.lines("calls")), 3)
    run = site(folder, "progress", codes=[1] * 5, present=["saves"])
    check("lost again and again, with checkpoints between: goes on", run.run(), 0)
    check("to the end", len(run.lines("calls")), 6)


def host_away(folder):
    run = site(folder, "shorter", codes=[1], present=["goes"])
    check("a host is gone, the grid still fits: goes on", (run.run(), run.ranks()), (0, ["4", "2"]))
    check("with the same configuration and no plan", ("--config my.yaml" in run.lines("calls")[-1], run.lines("plans")), (True, []))
    run = site(folder, "away", codes=[1], present=["goes"])
    run.write("run/config.yaml", WIDE)
    check("a host is gone: goes on", run.run(), 0)
    check("with the ranks that are left", run.ranks(), ["4", "2"])
    check("plan is asked for a grid", run.lines("plans")[0].split()[:6], ["plan", "--config", "run/config.yaml", "--ranks", "2", "--write"])
    last = run.lines("calls")[-1]
    check("its configuration replaces the first one", ("planned.yaml --microbatches 6" in last, "my.yaml" in last), (True, False))
    check("who does not answer is told", any("no answer from b" in line for line in run.lines("told")), True)
    run = site(folder, "unplanned", codes=[1], present=["goes", "no_plan"])
    run.write("run/config.yaml", WIDE)
    check("no grid for the rest: ends", run.run(), 2)
    run = site(folder, "nobody")
    run.write("away", "a\nb\n")
    check("no host answers: given up", run.run(), 1)
    check("nothing was started", run.lines("calls"), [])


def asked(folder):
    run = site(folder, "asked", codes=[75], present=["waits"])
    script = run.start("hosts", "--config=my.yaml", "--output=run")
    for _ in range(200):
        if run.lines("calls"):
            break
        time.sleep(0.05)
    script.send_signal(signal.SIGTERM)
    script.communicate(timeout=60)
    check("SIGTERM goes to mpirun as USR1", run.lines("calls")[-1], "passed on")
    check("and ends with its code", script.returncode, 75)


def wrong(folder):
    run = site(folder, "wrong")
    for words, part in [((), "file of hosts is missing"), (("nowhere",), "cannot read 'nowhere'"),
                        (("hosts", "--output", "run"), "--config FILE is missing"),
                        (("hosts", "--config", "x"), "--output DIR is missing")]:
        script = run.start(*words)
        said = script.communicate(timeout=60)[1]
        check(f"{words}: one line and exit code 2", (script.returncode, part in said, said.count("\n")), (2, True, 1))
    check("a pause that is no number", run.run(PIPETRAIN_PAUSE="soon"), 2)


with tempfile.TemporaryDirectory() as scratch:
    for part in (ends, lost, host_away, asked, wrong):
        part(scratch)
print(f"{failed} failed")
sys.exit(failed > 0)
