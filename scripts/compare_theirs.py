"""The other side of compare.py: the processes of a framework, which wait for their turn."""

import atexit
import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time

from environment import last_line, python_of

HERE = os.path.dirname(os.path.abspath(__file__))
CORES = 2
PACKAGES = {"pytorch": ["torch==2.13.0", "numpy"], "flax": ["jax==0.10.2", "flax==0.12.8", "optax==0.2.8"]}


class Failed(Exception):
    """With the last thing that was said."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def threads(ranks):
    return max(1, CORES // ranks)


def python_with(module, given):
    """The given one, if it has the framework's module; else that of an own environment."""
    if given and subprocess.run([given, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0:
        return given
    if given:
        say(f"{given} has no {module}")
    name = "pytorch" if module == "torch" else module
    return python_of(name, PACKAGES[name])


def way_name(asked):
    """Of a variant."""
    words = (asked["schedule"], asked["bfloat16"], asked["attention"], "compiled" if asked["compile"] else "eager", asked["optimizer"])
    return ", ".join(word for word in words if word)


class Theirs:
    """The other framework's processes with a variant, which wait for their turn. Whatever takes longer than `limit`
    seconds beyond the time that it was asked to train has failed; so it ends even where a compiler hangs or a rank
    waits for a lost one."""

    def __init__(self, python, line, asked, limit):
        self.line, self.name, self.limit = line, way_name(asked), limit
        ranks = line.theirs_ranks or line.ranks
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [python, os.path.join(HERE, line.program)]
        # torch.compile's compiler is one word, and compiles in the process: its helpers would outlive it.
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads(ranks)), CXX="g++", TORCHINDUCTOR_COMPILE_THREADS="1")
        asked = dict(asked, work=line.work, ranks=ranks, port=port, threads=threads(ranks), microbatches=line.microbatches, rows=line.rows)
        self.log = tempfile.TemporaryFile("w+b")
        self.processes = [subprocess.Popen([*command, json.dumps(dict(asked, rank=rank))], env=environment, stderr=self.log,
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) for rank in range(ranks)]
        atexit.register(self.stop)  # they are sessions of their own, which a Ctrl-C does not reach
        about = self.answer(limit)
        self.parameters, self.version = about["parameters"], about["version"]

    def answer(self, limit):
        """The next line of rank 0, unless time passes or any rank ends before."""
        said, end, out = b"", time.monotonic() + limit, self.processes[0].stdout
        with selectors.DefaultSelector() as ready:
            ready.register(out, selectors.EVENT_READ)
            while not said.endswith(b"\n"):
                if ready.select(min(1, max(0, end - time.monotonic()))):
                    piece = os.read(out.fileno(), 65536)
                    if not piece:
                        self.fail()
                    said += piece
                elif any(process.poll() is not None for process in self.processes):
                    self.fail()
                elif time.monotonic() > end:
                    self.stop()
                    raise Failed(f"no answer within {limit:.0f} s")
        return json.loads(said)

    def fail(self):
        self.stop()
        self.log.seek(0)
        raise Failed(last_line(self.log.read().decode(errors="replace")))

    def rate(self, seconds, microbatches):
        with contextlib.suppress(BrokenPipeError):  # its last word is in the log
            self.processes[0].stdin.write(json.dumps({"seconds": seconds, "microbatches": microbatches}).encode() + b"\n")
            self.processes[0].stdin.flush()
        return self.answer(seconds + self.limit)["samples_per_second"] * self.line.per_sample

    def stop(self):
        """With all that they started."""
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.processes = []
