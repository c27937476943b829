#!/usr/bin/env python3
"""Which MPI a build takes; Meson asks.

which_mpi.py flags OPTION KEPT
    What the compiler wrapper adds: its path, flags to compile and flags to link, a line each, words separated by tabs.
    OPTION names the wrapper; empty: MPICC of the environment, which the file KEPT remembers for the next time; nothing
    is printed if there is none either.
which_mpi.py launcher (open|other) [WRAPPER]
    The mpirun that belongs to it: beside the wrapper or on the PATH, Open MPI's or another's; nothing if there is none.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

QUESTIONS = ("-show", "--showme", "--cray-print-opts=all")  # MPICH and its kin, Open MPI, Cray
WITH_A_WORD = ("-I", "-isystem", "-L", "-l", "-Xlinker")  # and then what it names, perhaps as a word of its own
LAUNCHERS = ("mpirun", "mpiexec", "mpiexec.hydra", "mpirun.openmpi", "mpirun.mpich")


def chosen(option, kept):
    """The wrapper's name, or nothing."""
    if option:
        return option
    asked = os.environ.get("MPICC", "").strip()
    if asked:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(asked, encoding="utf-8")
    return asked or (kept.read_text(encoding="utf-8") if kept.exists() else "")


def command_of(name):
    """A name, a path or such a thing with words of its own: "mpicc -cc=clang"."""
    words = [name] if shutil.which(name) else shlex.split(name)
    path = shutil.which(words[0])
    if path is None:
        sys.exit(f"there is no program '{words[0]}'")
    return [os.path.abspath(path), *words[1:]]


def answer(command):
    """The words of the first answer that names a library of MPI."""
    for question in QUESTIONS:
        try:
            said = subprocess.run([*command, question], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as problem:
            sys.exit(f"{command[0]} cannot be asked for its flags: {problem}")
        words = shlex.split(said.stdout)
        if said.returncode == 0 and any(re.match(r"-l\S*mpi|/\S*libmpi", word) for word in words):
            return words
    sys.exit(f"{command[0]} is no compiler wrapper of an MPI: {', '.join(QUESTIONS)} bring no library of MPI")


def flags(words):
    """What is for the compiler and what for the linker; optimization and warnings are the build's own."""
    compiling, linking, rest = [], [], iter(words)
    for word in rest:
        pair = [word, next(rest, "")] if word in WITH_A_WORD else [word]
        if word.startswith(("-I", "-isystem", "-D")):
            compiling += pair
        elif word.startswith(("-L", "-l", "-Wl,", "-Xlinker")) or re.fullmatch(r"/.*\.(so[.0-9]*|a)", word):
            linking += pair
        elif word == "-pthread":
            compiling.append(word)
            linking.append(word)
    return compiling, linking


def is_open_mpi(launcher):
    try:
        said = subprocess.run([launcher, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return bool(re.search("Open MPI|OpenRTE|PRRTE", said.stdout + said.stderr))


def link_chain(path):
    """/usr/bin/mpicc, which is /etc/alternatives/mpi, which is /usr/bin/mpicc.openmpi."""
    yield path
    while path.is_symlink():
        path = path.parent / os.readlink(path)
        yield path


def launchers(wrapper):
    """Those of the wrapper's own name first, mpirun.mpich for mpicc.mpich; each that is there."""
    chain = list(link_chain(pathlib.Path(wrapper))) if wrapper else []
    for path in chain:
        if path.suffix:
            yield from (path.parent / (name + path.suffix) for name in ("mpirun", "mpiexec"))
    folders = [path.parent for path in chain] + [pathlib.Path(folder) for folder in os.get_exec_path()]
    for folder in folders:
        yield from (folder / name for name in LAUNCHERS)


def all_flags(option, kept):
    """Of the wrapper that is chosen: its path and both kinds of flags; nothing if none is."""
    name = chosen(option, pathlib.Path(kept))
    if not name:
        return []
    command = command_of(name)
    return [[command[0]], *flags(answer(command))]


def launcher(kind, wrapper=""):
    there = (path for path in launchers(wrapper) if os.access(path, os.X_OK) and path.is_file())
    return next((str(path) for path in there if is_open_mpi(path) == (kind == "open")), "")


if __name__ == "__main__":
    if sys.argv[1] == "flags":
        print(*("\t".join(part) for part in all_flags(*sys.argv[2:])), sep="\n")
    else:
        print(launcher(*sys.argv[2:]))
