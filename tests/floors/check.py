#!/usr/bin/env python3
"""Checks the floors of the house: which folder of lib/ includes which, which libraries stay behind one door, and that
standard output is written in one place. Runs includes.py, layer_names.py and mirror.py, too; check_test.py shows that
each rule can fail.

usage: check.py REPOSITORY
The floors are drawn in lib/README.md; a new folder of lib/ needs a line in both places.
"""
import pathlib
import re
import sys

import includes
import layer_names
import mirror

# Each folder, from the lowest floor up, with those that it includes beside itself: all above it in this table, and each
# of them is used. An entry may name a single header.
MAY_INCLUDE = {
    "base": [],
    "tensor": ["base"],
    "schedule": ["base"],
    "schedule/simulate": ["base", "schedule"],
    "schedule/generate": ["base", "schedule"],
    "schedule/search": ["base", "schedule", "schedule/simulate", "schedule/generate"],
    "schedule/draw": ["base", "schedule", "schedule/simulate"],
    "schedule/trace": ["base", "schedule", "schedule/simulate"],
    "schedule/choose": ["base", "schedule", "schedule/simulate", "schedule/generate", "schedule/search"],
    "comm": ["base", "tensor"],
    "comm/mpi": ["base", "tensor", "comm"],
    "ops/simd": ["tensor/bfloat16.h"],
    "ops": ["base", "tensor", "ops/simd"],
    "ops/attention": ["ops"],
    "text": ["base"],
    "text/subwords": ["base", "text"],
    "text/training": ["base", "text/characters.h", "text/subwords"],
    "nn": ["base", "tensor", "comm/collective.h", "ops"],
    "nn/presets": ["base", "nn/model_config.h", "nn/start_scheme.h"],
    "nn/layers": ["base", "ops", "ops/attention", "nn", "nn/presets"],
    "nn/models": ["base", "nn", "nn/presets", "nn/layers"],
    "optim": ["base", "tensor", "ops"],
    "data": ["base", "tensor", "comm/mailbox.h", "text/tokenizer_kind.h"],
    "data/documents": ["base", "text", "data"],
    "data/formats": ["base", "text", "text/subwords", "data", "data/documents"],
    "checkpoint": ["base"],
    "report/curves": ["base"],
    "plan": ["base", "tensor/precision.h", "schedule", "schedule/simulate", "schedule/generate", "schedule/choose"],
    "pipeline": ["base", "tensor", "schedule", "schedule/simulate", "schedule/trace", "schedule/choose/placement_choice.h", "comm", "ops", "nn"],
    "pipeline/measure": ["tensor", "schedule", "schedule/simulate", "comm", "ops", "nn", "plan/profile.h", "pipeline"],
    "config": ["base", "tensor/precision.h", "schedule/memory_choices.h", "nn/model_config.h", "nn/presets/presets.h", "nn/presets/start_schemes.h",
               "optim/optimizer_config.h", "optim/optimizers.h", "optim/learning_curves.h",
               "data/data_config.h", "data/formats/formats.h", "pipeline/pipeline_config.h"],
    "exchange": ["base", "text/subwords", "nn", "nn/presets", "nn/layers", "nn/models", "data/formats/formats.h", "checkpoint", "config"],
    "setup/model": ["base", "schedule", "schedule/choose", "nn", "nn/layers", "data", "pipeline", "config"],
    "setup": ["base", "tensor", "schedule", "schedule/simulate", "schedule/generate", "schedule/search", "schedule/choose", "comm", "ops",
              "text", "text/subwords", "nn", "nn/presets", "nn/layers", "optim", "data", "data/formats", "checkpoint", "plan", "pipeline", "pipeline/measure", "config", "setup/model"],
    "doctor": ["base", "tensor", "comm", "ops", "setup"],
    "train": ["base", "tensor", "schedule", "schedule/simulate", "schedule/trace", "comm", "text", "text/subwords", "ops", "optim", "data", "checkpoint",
              "report/curves", "pipeline", "config", "setup"],
    "report": ["base", "schedule", "schedule/simulate", "schedule/generate", "schedule/trace", "checkpoint", "config/yaml_tree.h"],
    "generate": ["base", "comm", "ops/bfloat16.h", "ops/linear.h", "ops/peak.h", "text/tokenizer.h", "nn", "checkpoint", "pipeline", "setup"],
    "emulate": ["base", "tensor", "schedule", "schedule/simulate", "schedule/trace", "schedule/choose", "comm", "ops/team.h", "nn",
                "data", "data/formats", "pipeline", "setup"],
}
# What stands on no floor: headers that are compiled once for a folder.
PRECOMPILED = "pch/"
MOST_MODULES = 30  # of a folder: a header with its .cpp is one
MOST_SHARE = 0.15  # of the lines of lib/, in a folder
# Headers of libraries, and the folders of lib/ and app/ that may see them. A folder holds all below it.
LIBRARIES = [
    (r"mpi\.h", ["lib/comm/mpi"]),
    (r"(oneapi/)?dnnl.*|cblas.*|openblas.*", ["lib/ops"]),
    (r"yaml-cpp/.*", ["lib/config"]),
    (r"CLI/.*", ["app"]),
    (r"event2/.*", ["app"]),
]
# Standard output is written in one place, which says what is lost.
OUTPUT = re.compile(r"std::cout|\bstdout\b|\bf?puts\(|\bf?printf\(")
WRITES_OUTPUT = "lib/base/output.cpp"
TYPE = re.compile(r"^(?:struct|class|union|enum(?: class)?) (\w+)\b(?!::)[^;{]*\{", re.MULTILINE)
UNNAMED = re.compile(r"^namespace \{$.*?^\}  // namespace$", re.MULTILINE | re.DOTALL)  # what no other file sees
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def floor_of(path):
    """The floor that a file of lib/ belongs to: its folder, if that is in the table; else None."""
    folder = str(pathlib.PurePosixPath(path).parent)
    return folder if folder in MAY_INCLUDE else None


def wrong_table():
    above = []
    for folder, allowed in MAY_INCLUDE.items():
        for entry in allowed:
            if entry not in above and floor_of(entry) not in above:
                yield "tests/floors/check.py", f"{folder} may include {entry}, which stands above it or nowhere"
        above.append(folder)


def wrong_floor(path, header, used):
    """What is wrong with a file of lib/ including this header of lib/; nothing if it may. Adds its entry to `used`."""
    own, other = floor_of(path), floor_of(header)
    if own is None:
        return "stands on no floor; add its folder to tests/floors/check.py and lib/README.md"
    if other is None:
        return f"includes \"{header}\", which is not written as folder/file.h"
    if other == own:
        return None
    for entry in (other, header):
        if entry in MAY_INCLUDE[own]:
            used.add((own, entry))
            return None
    return f"includes \"{header}\", but {own}/ may include only: {', '.join(MAY_INCLUDE[own]) or 'nothing'}"


def too_large(repository):
    modules, lines = {}, {}
    for file in repository.glob("lib/**/*"):
        if file.suffix in (".h", ".cpp"):
            folder = file.parent.relative_to(repository).as_posix()
            modules.setdefault(folder, set()).add(file.stem)
            lines[folder] = lines.get(folder, 0) + len(file.read_text(encoding="utf-8").splitlines())
    for folder, names in sorted(modules.items()):
        share = lines[folder] / sum(lines.values())
        if len(names) > MOST_MODULES:
            yield folder, f"holds {len(names)} modules, more than {MOST_MODULES}; part it"
        if share > MOST_SHARE:
            yield folder, f"holds {share:.0%} of the lines of lib/, more than {MOST_SHARE:.0%}; part it"


def types_twice(repository):
    """Two types of one name, linked into one program, are undefined behaviour; and a reader finds the wrong one."""
    first = {}
    patterns = ("lib/**/*.h", "app/**/*.h", "lib/**/*.cpp", "app/**/*.cpp")
    for file in (file for pattern in patterns for file in sorted(repository.glob(pattern))):
        path = file.relative_to(repository).as_posix()
        for name in TYPE.findall(UNNAMED.sub("", file.read_text(encoding="utf-8"))):
            if first.setdefault(name, path) != path:
                yield path, f"defines {name}, as {first[name]} does; give one of them another name"


def violations(repository):
    used = set()
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
            if bracket == '"' and path.startswith("lib/") and not path.startswith("lib/" + PRECOMPILED):
                wrong = wrong_floor(path.removeprefix("lib/"), header, used)
                if wrong:
                    yield path, wrong
    for folder, allowed in MAY_INCLUDE.items():
        for entry in allowed:
            if (folder, entry) not in used:
                yield "tests/floors/check.py", f"nothing in {folder} includes {entry} any more; take it out of the table"
    for file in sorted(repository.glob("tests/**/*.cpp")):
        if re.search(r"\bContains\(", file.read_text(encoding="utf-8")):
            yield file.relative_to(repository).as_posix(), "uses Contains, of ranges in Catch2 3: ContainsSubstring is for text"


def main():
    repository = pathlib.Path(sys.argv[1])
    if not any(repository.glob("lib/*/*.h")):
        sys.exit(f"no headers below {repository}/lib")
    found = [*wrong_table(), *violations(repository), *too_large(repository), *types_twice(repository),
             *includes.violations(repository), *mirror.violations(repository), *layer_names.violations(repository)]
    for path, wrong in found:
        print(f"{path}: {wrong}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
