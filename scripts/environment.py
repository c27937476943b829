"""Python environments of scripts that compare with other programs: made once, in the user's cache. It must not know
what they are for."""

import contextlib
import importlib.metadata
import os
import re
import subprocess
import sys
import urllib.request

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "pipetrain")
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"


def last_line(text):
    """Of an error, or the last one of all."""
    lines = text.strip().splitlines() or ["no word"]
    return next((line for line in reversed(lines) if re.search(r"\w(Error|Exception|Exited)\b|error:", line, re.IGNORECASE)), lines[-1])[:200]


def index_of(packages):
    """PyPI's builds of torch bring some GB for graphics cards along; the others may be out of reach."""
    if any(re.match(r"torch\b", package) for package in packages):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(CPU_BUILDS + "/torch/", timeout=10).close()
            return ["--extra-index-url", CPU_BUILDS]
    return []


def install(name, python, *arguments):
    pip = [python, "-m", "pip", "install", "-q", *os.environ.get("PIP_ARGUMENTS", "").split(), *arguments]
    job = subprocess.run(pip, capture_output=True, text=True, check=False)
    if job.returncode:
        raise SystemExit(f"Cannot install {name}: {last_line(job.stderr or job.stdout)}; PyPI has to be reached, or a mirror of it "
                         "that pip is told of (PIP_INDEX_URL)")


def python_of(name, packages, alone=()):
    """The Python of an environment with these packages and what they need, and with those that are taken `alone`."""
    folder = os.path.join(CACHE, name)
    python, complete = os.path.join(folder, "bin", "python3"), os.path.join(folder, "complete")
    if os.path.exists(complete):
        with open(complete, encoding="utf-8") as file:
            if file.read().split() == [*packages, *alone]:
                return python
    print(f"Installing {' '.join([*packages, *alone])} in {folder}", file=sys.stderr, flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", folder], capture_output=True, text=True, check=False)
    if made.returncode:
        raise SystemExit(f"Cannot make {folder}: {last_line(made.stderr or made.stdout)}")
    install(name, python, *index_of(packages), *packages)
    if alone:
        install(name, python, "--no-deps", *alone)
    with open(complete, "w", encoding="utf-8") as file:
        print(*packages, *alone, file=file)
    return python


def is_here(package):
    """Whether the Python that runs this has it, of whatever version."""
    try:
        importlib.metadata.version(re.split("[=<>]", package)[0])
        return True
    except importlib.metadata.PackageNotFoundError:
        return False


def enter(name, packages, alone=()):
    """Runs the script again in such an environment, unless it runs with all of the packages already."""
    if not all(map(is_here, [*packages, *alone])):
        python = python_of(name, packages, alone)
        os.execv(python, [python, os.path.abspath(sys.argv[0]), *sys.argv[1:]])
