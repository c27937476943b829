#!/usr/bin/env python3
"""Checks the floors of the house: which folder of lib/ includes which, which libraries stay behind one door, and that
standard output is written in one place.

usage: check.py REPOSITORY
The floors are drawn in lib/README.md; a new folder of lib/ needs a line in both places.
"""
import pathlib
import re
import sys

import includes

# Each folder with those that it may include beside itself. An entry may name a single header.
MAY_INCLUDE = {
    "base": [],
    "tensor": ["base"],
    "schedule": ["base", "tensor/shape.h"],
    "comm": ["base", "tensor"],
    "comm/mpi": ["base", "tensor", "comm"],
    "ops": ["base", "tensor"],
    "nn": ["base", "tensor", "ops", "comm/collective.h"],
    "optim": ["base", "tensor", "ops", "comm"],
    "data": ["base", "tensor", "comm"],
    "checkpoint": ["base", "tensor", "comm"],
    "plan": ["base", "schedule", "nn", "comm/grid.h"],
    "pipeline": ["base", "tensor", "schedule", "comm", "ops", "nn", "plan/profile.h"],
    "train": ["base", "tensor", "schedule", "comm", "ops", "nn", "optim", "data", "checkpoint",
              "plan", "pipeline"],
}
# Headers of libraries, and the folders of lib/ and app/ that may see them. A folder holds all below it.
LIBRARIES = [
    (r"mpi\.h", ["lib/comm/mpi"]),
    (r"(oneapi/)?dnnl.*|cblas.*|openblas.*", ["lib/ops"]),
    (r"yaml-cpp/.*", ["lib/train"]),
    (r"CLI/.*", ["app"]),
]
# Standard output is written in one place, which says what is lost.
OUTPUT = re.compile(r"std::cout|\bstdout\b|\bf?puts\(|\bf?printf\(")
WRITES_OUTPUT = "lib/base/output.cpp"
TYPE = re.compile(r"^(?:struct|class|enum class) (\w+)[^;\n]*\{", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def floor_of(path):
    """The floor that a file of lib/ belongs to: the longest name in the table; None if it has none."""
    folders = [str(folder) for folder in pathlib.PurePosixPath(path).parents]
    return next((folder for folder in folders if folder in MAY_INCLUDE), None)


def wrong_floor(path, header):
    """What is wrong with a file of lib/ including this header of lib/; nothing if it may."""
    own, other = floor_of(path), floor_of(header)
    if own is None:
        return "stands on no floor; add its folder to tests/floors/check.py and lib/README.md"
    if other is None:
        return f"includes \"{header}\", which is not written as folder/file.h"
    if other == own or other in MAY_INCLUDE[own] or header in MAY_INCLUDE[own]:
        return None
    return f"includes \"{header}\", but {own}/ may include only: {', '.join(MAY_INCLUDE[own]) or 'nothing'}"


def types_twice(repository):
    """Two types of one name, linked into one program, are undefined behaviour; and a reader finds the wrong one."""
    first = {}
    for file in sorted(repository.glob("lib/**/*.h")) + sorted(repository.glob("app/**/*.h")):
        path = file.relative_to(repository).as_posix()
        for name in TYPE.findall(file.read_text(encoding="utf-8")):
            if first.setdefault(name, path) != path:
                yield path, f"defines {name}, as {first[name]} does; give one of them another name"


def violations(repository):
    for file in sorted(repository.glob("lib/**/*")) + sorted(repository.glob("app/**/*")):
        if file.suffix not in (".h", ".cpp"):
            continue
        path = file.relative_to(repository).as_posix()
        text = file.read_text(encoding="utf-8")
        for use in OUTPUT.findall(text):
            if path != WRITES_OUTPUT:
                yield path, f"uses {use}; what is shown goes through {WRITES_OUTPUT}"
        for bracket, header in INCLUDE.findall(text):
            for pattern, folders in LIBRARIES:
                if re.fullmatch(pattern, header) and not any(path.startswith(f + "/") for f in folders):
                    yield path, f"includes {header}, which belongs behind {' and '.join(folders)}"
            if bracket == '"' and path.startswith("lib/"):
                wrong = wrong_floor(path.removeprefix("lib/"), header)
                if wrong:
                    yield path, wrong
    for file in sorted(repository.glob("tests/**/*.cpp")):
        if re.search(r"\bContains\(", file.read_text(encoding="utf-8")):
            yield file.relative_to(repository).as_posix(), "uses Contains, of ranges in Catch2 3: ContainsSubstring is for text"


def main():
    repository = pathlib.Path(sys.argv[1])
    if not any(repository.glob("lib/*/*.h")):
        sys.exit(f"no headers below {repository}/lib")
    found = [*violations(repository), *types_twice(repository), *includes.violations(repository)]
    for path, wrong in found:
        print(f"{path}: {wrong}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
