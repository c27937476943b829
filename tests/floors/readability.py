#!/usr/bin/env python3
"""Checks what a reader meets: files of a length that can be read, prose of a width that can be read, commits' subjects.

usage: readability.py REPOSITORY
Subjects are checked where the repository is a git checkout.
"""
import ast
import io
import pathlib
import re
import subprocess
import sys
import tokenize

MOST_LINES = 300
MOST_COLUMNS = 120  # of prose; clang-format holds all of C++ to 100
MOST_SUBJECT = 72
NEWEST_COMMITS = 60  # whose subjects are read; older ones are as they are
CODE = (".h", ".cpp", ".c", ".py", ".sh", ".sbatch")
# Data, not text that somebody reads from top to bottom.
DATA = ("tests/golden/", "tests/fuzz/corpus/")
# What lies in a checkout but is not part of the project.
PASSED_OVER = re.compile(r"(^|/)(\.git|\.cache|__pycache__|build[^/]*|runs)/")


def files(repository, folders=("",)):
    """The project's files below these folders, as paths in the repository."""
    for folder in folders:
        for file in sorted((repository / folder).glob("**/*")):
            path = file.relative_to(repository).as_posix()
            if file.is_file() and not path.startswith(DATA) and not PASSED_OVER.search(path):
                yield path


def too_long(path, text):
    lines = len(text.splitlines())
    if path.endswith(CODE) and lines > MOST_LINES:
        yield path, f"has {lines} lines, more than {MOST_LINES}; look for the second idea in it"


def shadowing(path):
    """Programs beside it import it in the place of Python's own: tokenize.py is what a traceback needs."""
    name = pathlib.PurePath(path)
    if name.suffix == ".py" and name.stem in sys.stdlib_module_names:
        yield path, "has the name of a module of Python's own; choose another"


def markdown_prose(text):
    """All lines but those of code blocks and tables."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not line.lstrip().startswith("|"):
            yield number, line


def python_prose(text):
    """Lines with comments, and those of docstrings."""
    lines, numbers = text.splitlines(), set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            numbers.add(token.start[0])
    documented = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            numbers.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return [(number, lines[number - 1]) for number in sorted(numbers)]


def commented_lines(mark):
    pattern = re.compile(rf"(^|\s){mark}")
    return lambda text: [(n, line) for n, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


# How to find the prose in a file, by the end of its name.
PROSE = {
    ".md": markdown_prose,
    ".py": python_prose,
    ".h": commented_lines("//"), ".cpp": commented_lines("//"), ".c": commented_lines("//"),
    ".sh": commented_lines("#"), ".sbatch": commented_lines("#"), "ci/run": commented_lines("#"),
    ".yaml": commented_lines("#"), ".build": commented_lines("#"), "meson_options.txt": commented_lines("#"),
    ".supp": commented_lines("#"),
}


def too_wide(path, text):
    for end, prose in PROSE.items():
        if path.endswith(end):
            for number, line in prose(text):
                if len(line) > MOST_COLUMNS:
                    yield f"{path}:{number}", f"has {len(line)} columns of prose, more than {MOST_COLUMNS}; wrap it"


def long_subjects(subjects):
    for subject in subjects:
        if len(subject) > MOST_SUBJECT:
            yield "commit", f"has a subject of {len(subject)} characters, more than {MOST_SUBJECT}: {subject}"


def git(repository, *arguments):
    """The lines that git prints; nothing where it fails, as where there is no git or no repository."""
    try:
        done = subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return done.stdout.splitlines()


def subjects(repository):
    """Of the newest commits. They are counted, not named, since their hashes may differ from one copy to another."""
    return git(repository, "log", "--format=%s", f"--max-count={NEWEST_COMMITS}")


def violations(repository):
    for path in files(repository):
        yield from shadowing(path)
        if any(path.endswith(end) for end in PROSE):
            text = (repository / path).read_text(encoding="utf-8")
            yield from too_wide(path, text)
            if path.startswith(("lib/", "app/", "tests/", "scripts/")):
                yield from too_long(path, text)
    yield from long_subjects(subjects(repository))


def main():
    found = list(violations(pathlib.Path(sys.argv[1])))
    for path, wrong in found:
        print(f"{path}: {wrong}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
