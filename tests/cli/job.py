"""Runs pipetrain as a user would, alone or under mpirun, and finds every process of such a job.

It must not know what a test expects of it."""

import functools
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import uuid

import default_signals  # noqa: F401

MARK = "PIPETRAIN_TEST_JOB"
PATIENCE = float(os.environ.get("PIPETRAIN_TEST_PATIENCE", 1))  # more under sanitizers, which slow all down
LIMIT_SECONDS = 60
ERROR = "pipetrain: error: "
# What launchers say of a job that has failed: Open MPI between lines of dashes, MPICH in these words, their libevent of
# pipes that a rank has just closed.
BANNER = re.compile("-{40,}")
LAUNCHER = re.compile(r"\[[^]]+:\d+\] |\[warn\] Epoll |\[(mpiexec|proxy)[@:]|={40,}|Abort\(\d+\) on |=   |YOUR APPLICATION TERMINATED|This typically refers|Please see the FAQ")


@functools.cache
def launched_by_hydra():
    """Whether mpirun is MPICH's Hydra, which kills all ranks at once when one of them is gone, and is itself gone when
    nobody reads what they print."""
    return "HYDRA" in subprocess.run([sys.argv[2], "--version"], capture_output=True, text=True, check=False).stdout


class Job:
    """`parts` are lists of arguments; of several each is one rank's, and `programs` are their files. Each rank
    chooses its own: `mpirun A : B` crashes in Open MPI 5.0.7."""

    def __init__(self, ranks, *parts, folder=None, env=(), programs=(), **pipes):
        binary, mpirun = sys.argv[1:3]
        programs = programs or [binary] * len(parts)
        self.mark = uuid.uuid4().hex
        self.launched = ranks > 1 or len(parts) > 1
        command = [programs[0], *parts[0]]
        if len(parts) > 1:
            ranks = len(parts)
            cases = [f"{i}) exec {shlex.join([program, *words])};;" for i, (program, words) in enumerate(zip(programs, parts))]
            command = ["sh", "-c", f"case ${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}} in {' '.join(cases)} esac"]
        if self.launched:
            command = [mpirun, "-np", str(ranks), *command]
        # Open MPI keeps notes of all jobs of a user in one folder, which the last to end removes while the next begins.
        self.notes = tempfile.TemporaryDirectory(prefix="job")
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "TMPDIR": self.notes.name, **dict(env), MARK: self.mark}
        self.out, self.err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        pipes = {"stdin": subprocess.DEVNULL, "stdout": self.out, "stderr": self.err, **pipes}
        self.start = time.monotonic()
        self.process = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True,
                                        **pipes)

    def tell(self, number):
        """Sends a signal to the launcher, or to the program that has none. MPICH's launcher may then forget with which
        code its ranks end: there to rank 0, which tells the others."""
        os.kill(self.ranks()[0] if self.launched and launched_by_hydra() else self.process.pid, number)

    def wait(self, limit=LIMIT_SECONDS):
        """Its exit code; a job that does not end is killed and has None."""
        try:
            code = self.process.wait(limit * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            code = None
        self.seconds = time.monotonic() - self.start
        return code

    def processes(self):
        """{pid: arguments} of everything this job started that still runs."""
        found = {}
        mark = f"{MARK}={self.mark}".encode()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as environ:
                    ours = mark in environ.read().split(b"\0")
                with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
                    words = cmdline.read().decode(errors="replace").split("\0")
            except OSError:
                continue  # ended meanwhile, or is not ours to read
            if ours and words[0]:
                found[int(pid)] = words
        return found

    def ranks(self):
        """{rank: pid} of the pipetrain processes."""
        found = {}
        for pid, words in self.processes().items():
            if os.path.realpath(words[0]) != os.path.realpath(sys.argv[1]):
                continue
            with open(f"/proc/{pid}/environ", "rb") as environ:
                rank = re.search(rb"\0(?:OMPI_COMM_WORLD|PMI)_RANK=(\d+)\0", environ.read())
            found[int(rank.group(1)) if rank else 0] = pid
        return found

    def left_over(self, patience=1.0):
        """What still runs after the job's end and a moment to go."""
        end = time.monotonic() + patience
        while self.processes() and time.monotonic() < end:
            time.sleep(0.05)
        return self.processes()

    def kill(self):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    @staticmethod
    def _text(file):
        text = os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0)  # moves no job that still writes there
        return text.replace(b"\0", b"").decode(errors="replace")  # Open MPI 5 ends what it says with a zero

    def output(self):
        return self._text(self.out)

    def error_output(self):
        return self._text(self.err)

    def errors(self):
        """The lines that report an error."""
        return [line for line in self.error_output().splitlines() if line.startswith(ERROR)]

    def said(self):
        """Everything on standard error but error lines and what mpirun says itself."""
        lines, banner = [], False
        for line in self.error_output().splitlines():
            if line.startswith(ERROR):
                continue
            if self.launched and BANNER.fullmatch(line):
                banner = not banner
                continue
            if banner or (self.launched and (not line or LAUNCHER.match(line))):
                continue
            lines.append(line)
        return lines


class Checks:
    """Counts what went wrong and says it as it happens."""

    def __init__(self):
        self.failed = 0

    def case(self, name, job, problems):
        left = job.left_over()
        if left:
            problems = [*problems, f"left running: {left}"]
            job.kill()
        print(f"{'FAILED' if problems else 'ok':6}  {job.seconds:5.2f} s  {name}", flush=True)
        for line in job.errors():
            print("                 " + line)
        for problem in problems:
            print("        " + problem)
        if problems:
            self.failed += 1
            print("        standard error:\n" + job.error_output())

    def refused(self, name, job, code, patterns):
        """Waits for the job, which ends with one error line and says nothing else."""
        problems = one_error(job, code, patterns)
        expect(problems, not job.said() and not job.output(), f"said more than the error: {job.said()} {job.output()}")
        self.case(name, job, problems)

    def finish(self):
        print(f"{self.failed} failed")
        sys.exit(1 if self.failed else 0)


def expect(problems, true, problem):
    if not true:
        problems.append(problem)


def one_error(job, expected_code, patterns):
    """Waits for the job. What is not as it should be of its exit code and its one error line."""
    code = job.wait()
    problems = []
    expect(problems, code == expected_code, f"exit code {code}, expected {expected_code}")
    errors = job.errors()
    expect(problems, len(errors) == 1, f"{len(errors)} error lines, expected one")
    for pattern in patterns:
        expect(problems, errors and re.search(pattern, errors[0]), f"the error lacks {pattern}")
    return problems
