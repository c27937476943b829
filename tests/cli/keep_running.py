#!/usr/bin/env python3
"""keep_running.py SCRIPT PIPETRAIN MPIRUN: what scripts/keep_running.sh does after each way in which a run ends, with
programs that stand for mpirun and pipetrain and only note how they are called; and with these two themselves where
the grid has to be another, and at a terminal."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time

from stand_ins import StandIns

PATIENCE = float(os.environ.get("PIPETRAIN_TEST_PATIENCE", 1))  # more under sanitizers, which slow all down
PROGRAMS = {
    # Ends with the next exit code of `codes`; 0 at their end. Makes a checkpoint where `saves` says so.
    "mpirun": """if [ "${!#}" = --version ]; then cat "$HERE/version" 2>/dev/null; exit; fi
trap 'echo passed on >>"$HERE/calls"; [ -e "$HERE/deaf" ] || rm -f "$HERE/waits"' USR1
echo "$@" >>"$HERE/calls"
for ((i = 1; i < $#; ++i)); do [ "${!i}" != --hostfile ] || { j=$((i + 1)); cp "${!j}" "$HERE/taken"; }; done
while [ -e "$HERE/waits" ]; do sleep 0.05; done
starts=$(wc -l <"$HERE/calls")
[ ! -e "$HERE/saves" ] || mkdir -p "$HERE/run/checkpoints/step-$starts"
[ ! -e "$HERE/goes" ] || echo b >"$HERE/away"
[ ! -s "$HERE/outcomes" ] || { printf ' "outcome": "%s"\n' "$(head -1 "$HERE/outcomes")" >"$HERE/run/run.json"; sed -i 1d "$HERE/outcomes"; }
code=$(head -1 "$HERE/codes"); sed -i 1d "$HERE/codes"
exit "${code:-0}"
""",
    "reach": """echo "$1" >>"$HERE/reached"
[ ! -e "$HERE/slow" ] || sleep 60
! grep -qx "$1" "$HERE/away" 2>/dev/null
""",
    "tell": """echo "$@" >>"$HERE/told"
""",
    # describe refuses two ranks of four replicas where `wide` is there, and plan finds what can be.
    "pipetrain": """echo "$@" >>"$HERE/asked.$1"
case $1 in
  describe) [ ! -e "$HERE/wide" ] || [[ $* == *--ranks\\ 4* || $* == *--set=parallel.data=2* ]] ;;
  plan)
    [ ! -e "$HERE/no_plan" ] || { echo "pipetrain: error: nothing fits" >&2; exit 2; }
    [ ! -e "$HERE/slow_plan" ] || sleep 60
    printf 'model:\\n  depth: 2\\npipeline:\\n  microbatches: 1\\nparallel:\\n  data: 2\\ntrain:\\n  data: no\\n' >"${!#}" ;;
esac
""",
}


class Site(StandIns):
    def __init__(self, folder, codes=(), present=()):
        super().__init__(folder, PROGRAMS, codes, present)
        self.settings = {"PIPETRAIN": os.path.join(self.programs, "pipetrain"), "PIPETRAIN_REACH": "reach",
                         "PIPETRAIN_TELL": "tell", "PIPETRAIN_PAUSE": "0", "PIPETRAIN_RESTARTS": "2"}
        self.write("hosts", "# two hosts\na slots=2\nb slots=2\n")
        os.makedirs(os.path.join(folder, "run"))
        self.begin()

    def begin(self):
        """What an earlier start has left."""
        self.write("run/config.yaml", "pipeline:\n  schedule: 1f1b\n  microbatches: 6\n")

    def start(self, *words, before=(), **settings):
        return subprocess.Popen([*before, "bash", sys.argv[1], *words], cwd=self.folder,
                                env=self.environment(**{**self.settings, **settings}),
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def run(self, *words, **settings):
        script = self.start(*(words or ("hosts", "--config", "my.yaml", "--output", "run", "--trace")), **settings)
        self.said = script.communicate(timeout=60 * PATIENCE)[1]
        return script.returncode

    def signalled(self, number, file, times=1, **settings):
        """The exit code after the signal, which is sent once there is the file, `times` times."""
        script = self.start("hosts", "--config=my.yaml", "--output=run", **settings)
        wait_for(lambda: self.lines(file))
        for i in range(times):
            script.send_signal(number)
            wait_for(lambda: times == 1 or self.lines("calls").count("passed on") == min(i + 1, 2))
        self.said = script.communicate(timeout=30 * PATIENCE)[1]
        return script.returncode

    def ranks(self):
        return [call.split("-np ")[1].split()[0] for call in self.lines("calls")]


failed = 0


def wait_for(condition):
    end = time.monotonic() + 30 * PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)


def check(what, found, expected):
    global failed
    ok = found == expected
    failed += not ok
    print(f"{'ok' if ok else 'FAILED':6}  {what}" + ("" if ok else f": {found}, expected {expected}"), flush=True)


def site(folder, name, *args, **kwargs):
    return Site(os.path.join(folder, name), *args, **kwargs)


def ends(folder):
    for code in (0, 75, 2, 3, 4, 5, 126, 127, 131):
        run = site(folder, f"code{code}", codes=[code])
        check(f"exit code {code} ends it", run.run(), code)
        check("after one start, and is told once", (len(run.lines("calls")), len(run.lines("told"))), (1, 1))


def lost(folder):
    run = site(folder, "lost", codes=[6, 137])
    check("lost ranks: started again", run.run(), 0)
    check("with all ranks, resuming, and no plan is asked for", ([line.endswith("--output=run --trace --config=my.yaml --resume")
          for line in run.lines("calls")], run.lines("asked.plan")), ([True] * 3, []))
    for outcomes, expected in ("running\ndone\n", (0, 2)), ("running\n", (1, 3)):
        run = site(folder, f"zero{expected[0]}")
        run.write("outcomes", outcomes)
        check(f"exit code 0 of a run that is not over: {expected[1]} starts", (run.run(), len(run.lines("calls"))), expected)
    run = site(folder, "again", codes=[1] * 9)
    check("lost again and again without a checkpoint: given up", (run.run(), len(run.lines("calls"))), (1, 3))
    run = site(folder, "progress", codes=[1] * 5, present=["saves"])
    check("lost again and again, with checkpoints between: goes on to the end", (run.run(), len(run.lines("calls"))), (0, 6))


def host_away(folder):
    run = site(folder, "shorter", codes=[1], present=["goes"])
    check("a host is gone, the grid still fits: goes on", (run.run(), run.ranks()), (0, ["4", "2"]))
    check("with the same configuration and no plan", ("parallel" in run.lines("calls")[-1], run.lines("asked.plan")), (False, []))
    run = site(folder, "away", codes=[1, 1], present=["goes", "wide"])
    words = ["--config", "my.yaml", "--output", "run", "--microbatches", "6", "--set", "parallel.data=4", "--memory-limit=1GiB"]
    check("a host is gone: goes on", run.run("hosts", *words), 0)
    check("with the ranks that are left", run.ranks(), ["4", "2", "2"])
    plans = run.lines("asked.plan")
    check("plan is asked once for a grid", [line.split(" --write")[0] for line in plans],
          ["plan --config=my.yaml --set=pipeline.microbatches=6 --set=parallel.data=4 --set=parallel.data=1 "
           "--set=parallel.tensor=1 --ranks 2 --memory=1GiB"])
    check("its sizes come last, with the number of microbatches that was",
          run.lines("calls")[-1].split("--output=run ")[1],
          "--memory-limit=1GiB --config=my.yaml --set=pipeline.microbatches=6 --set=parallel.data=4 "
          "--set=pipeline.microbatches=6 --set=parallel.data=2 --resume")
    check("who does not answer is told", any("no answer from b" in line for line in run.lines("told")), True)
    run = site(folder, "unplanned", codes=[1], present=["goes", "wide", "no_plan"])
    check("no grid for the rest: ends", run.run(), 2)
    check("and says why", "to train on 2 ranks: pipetrain: error: nothing fits" in run.said, True)
    run = site(folder, "nobody")
    run.write("away", "a\nb\n")
    check("no host answers: given up", (run.run(), "no host answers; starting again" in run.said), (1, True))
    check("nothing was started", run.lines("calls"), [])


def asked(folder):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        run = site(folder, f"asked{number}", codes=[75], present=["waits"])
        check(f"{number.name} ends it with mpirun's code", run.signalled(number, "calls"), 75)
        check("which is asked by USR1", run.lines("calls")[1:], ["passed on"])
    run = site(folder, "nohup", present=["waits"])
    script = run.start("hosts", "--config=my.yaml", "--output=run", before=["nohup"])
    wait_for(lambda: run.lines("calls"))
    script.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    os.remove(os.path.join(run.folder, "waits"))
    script.communicate(timeout=30 * PATIENCE)
    check("SIGHUP, but with nohup: goes on to the end", (script.returncode, len(run.lines("calls"))), (0, 1))
    run = site(folder, "killed", codes=[137], present=["waits"])
    check("killed on the way to its checkpoint: that code", run.signalled(signal.SIGTERM, "calls"), 137)
    check("and not started again", "ended on request with exit code 137" in run.said, True)
    run = site(folder, "deaf", present=["waits", "deaf"])
    check("SIGINT for the third time ends it at once", run.signalled(signal.SIGINT, "calls", times=3), 143)
    for what, stage, file in (("hosts are asked", "slow", "reached"), ("plan searches", "slow_plan", "asked.plan")):
        run = site(folder, stage, present=[stage, "wide"])
        run.write("away", "b\n")
        check(f"SIGTERM while {what}: ends", run.signalled(signal.SIGTERM, file), 75)
        check("and starts nothing", run.lines("calls"), [])
    run = site(folder, "pause", codes=[1] * 3)
    check("SIGTERM in the pause: ends", run.signalled(signal.SIGTERM, "told", PIPETRAIN_PAUSE="60"), 75)
    check("after one start", len(run.lines("calls")), 1)


def wrong(folder):
    run = site(folder, "wrong")
    run.write("none", "# nobody\n")
    most = ["hosts", "--config", "x", "--output", "run"]
    for words, part in [((), "file of hosts is missing"), (("nowhere",), "cannot read 'nowhere'"), (("run",), "'run' is a folder"),
                        (("hosts", "--output", "run"), "--config FILE is missing"),
                        (("hosts", "--config", "x"), "--output DIR is missing"), (("hosts", "--config"), "--config has no value"),
                        (("none", *most[1:]), "none has no hosts"), ((*most, "--resume", "run/checkpoints/step-1"), "--resume with a folder"),
                        ((*most, "--resume=x", "--trace"), "--resume with a folder")]:
        script = run.start(*words, PIPETRAIN_TELL="true")
        said = script.communicate(timeout=60)[1]
        check(f"{words}: one line and exit code 2", (script.returncode, part in said, said.count("\n")), (2, True, 1))
    check("a pause that is no number", run.run(PIPETRAIN_PAUSE="soon"), 2)
    for name in ("PIPETRAIN", "PIPETRAIN_MPIRUN", "PIPETRAIN_REACH"):
        code = run.run(**{name: "/no/such --bind"})
        check(f"{name} that is not there", (code, f"{name}: cannot start '/no/such" in run.said, run.said.count("\n")), (2, True, 1))
    check("nothing was started", run.lines("calls"), [])


def files_of_hosts(folder):
    for i, (text, taken) in enumerate({
            "a slots=4\nb slots=2": "a slots=4,b slots=2", "a slots = 4": "a slots=4", "a\tslots=4 max_slots=8 # four": "a slots=4",
            "a max_slots=8 slots=4\r\n": "a slots=4", "a max_slots=4\n": "a slots=4", "a:4": "a slots=4", "ada@a": "ada@a slots=1",
            "a slots=1\n\nb\n  a slots=2 // more": "a slots=3,b slots=1", "fe80::1 slots=2": "fe80::1 slots=2"}.items()):
        run = site(folder, f"hosts{i}")
        run.write("hosts", text)
        check(f"{text!r}: taken as {taken}", (run.run(), ",".join(run.lines("taken"))), (0, taken))
    for i, text in enumerate(("a slots=0", "a slots=two", "a slots", "a 4", "a:b", "a:4 slots=2", "a slots=1 slots=2", "-a", "a slot=2")):
        run = site(folder, f"wrong_hosts{i}")
        run.write("hosts", "b\n" + text)
        check(f"{text!r}: refused", (run.run(), "hosts:2: found '" in run.said, run.lines("calls")), (2, True, []))
    run = site(folder, "one")
    run.write("hosts", "a")
    check("one is not many", (run.run(), "starting 1 rank on 1 host\n" in run.said), (0, True))
    run = site(folder, "mpich")
    run.write("version", "HYDRA build details:\n")
    check("MPICH's form", (run.run(), run.lines("taken")), (0, ["a:2", "b:2"]))


class RealRun(Site):
    """pipetrain trains on this host, and on another one that never answers."""

    words = "hosts --config my.yaml --output run --microbatches 4 --set parallel.data=2 --no-progress".split()

    def begin(self):
        self.settings.update(PIPETRAIN=sys.argv[2], PIPETRAIN_MPIRUN=sys.argv[3], OMP_NUM_THREADS="1", TMPDIR=self.folder)
        self.write("away", "far\n")
        self.write("text.txt", "the quick brown fox jumps over the lazy dog. " * 100)
        self.write("my.yaml", """model: {preset: gpt, depth: 2, heads: 2, width: 16, context: 8}
data: {path: text.txt}
optimizer: {learning_rate: 1.0e-2}
train: {batch_size: 8, eval_every: 0, checkpoint_every: 1000000, log_every: 1}
""")

    def train(self, hosts, steps):
        """The exit code, replicas and microbatches."""
        self.write("hosts", hosts)
        code = self.run(*self.words, "--set", f"train.steps={steps}")
        found = re.findall(r"^  (?:data|microbatches): (\d+)$", "\n".join(self.lines("run/config.yaml")), re.MULTILINE)
        return code, *map(int, reversed(found))

    def losses(self):
        return [round(json.loads(line)["loss"], 5) for line in self.lines("run/metrics.jsonl")]

    def at_terminal(self, act):
        """The exit code after act(terminal) during the training."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execvpe("bash", ["bash", sys.argv[1], *self.words], self.environment(**self.settings))
        os.set_blocking(terminal, False)

        def goes_on(done):
            try:
                os.read(terminal, 1 << 16)
            except OSError:  # nothing to read, or closed
                pass
            return done()

        wait_for(lambda: goes_on(lambda: self.lines("run/metrics.jsonl")))
        act(terminal)
        wait_for(lambda: goes_on(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)))
        os.kill(pid, signal.SIGKILL)  # which changes nothing once it has ended
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def real_grids(folder):
    run, whole = (RealRun(os.path.join(folder, name)) for name in ("planned", "whole"))
    check("two replicas", run.train("localhost slots=2", 3), (0, 2, 4))
    check("go on as one, in as many microbatches", run.train("localhost slots=1", 6), (0, 1, 4))
    check("and as two again", run.train("localhost slots=2", 9), (0, 2, 4))
    whole.train("localhost slots=2", 9)
    check("with the losses of a run left alone", run.losses(), whole.losses())
    run = RealRun(os.path.join(folder, "first"))
    check("a host that is away at the first start", run.train("localhost slots=1\nfar slots=1", 3), (0, 1, 4))
    run = RealRun(os.path.join(folder, "unfit"))
    check("a grid that does not go with all hosts: refused", run.train("localhost slots=1", 3), (2,))


def real_terminal(folder):
    # MPICH's launcher ends with its terminal, and may forget with which code its ranks end.
    hydra = "HYDRA" in subprocess.run([sys.argv[3], "--version"], capture_output=True, text=True, check=False).stdout
    acts = [("^C", lambda terminal: os.write(terminal, b"\x03")), ("a closed terminal", os.close)]
    for what, act in acts[:1] if hydra else acts:
        run = RealRun(os.path.join(folder, what))
        run.words = [*run.words, "--set", "train.steps=1000000"]
        run.write("hosts", "localhost slots=2")
        code = run.at_terminal(act)
        check(f"{what}: ends after a checkpoint", (75 if hydra else code, len(os.listdir(run.folder + "/run/checkpoints"))), (75, 1))


with tempfile.TemporaryDirectory() as scratch:
    for part in (ends, lost, host_away, asked, wrong, files_of_hosts, real_grids, real_terminal):
        part(scratch)
print(f"{failed} failed")
sys.exit(failed > 0)
