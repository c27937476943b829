#!/usr/bin/env python3
"""course.py PIPETRAIN MPIRUN [--write]: the pages of configs/course/ are true. What stands below a `$ pipetrain ...`
is what it prints, the answer of each exercise is in it, and every other command runs; the README's table of schedules
is what the program says of them. --write puts drawings and table there."""

import json
import os
import re
import shlex
import sys
import tempfile
import time

from job import Checks, Job, expect

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
COURSE = os.path.join(ROOT, "configs", "course")
DRAWN = re.compile(r"^```\n\$ (pipetrain [^\n]*)\n(.*?)```\n(?:<!-- answer: (.*?) -->\n)?", re.DOTALL | re.MULTILINE)
COMMANDS = re.compile(r"^## Two commands\n```\n(.*?)```\n", re.DOTALL | re.MULTILINE)
TABLE = re.compile(r"<!-- of pipetrain (schedule [^\n]* --format json) -->\n(.*?)<!-- end -->\n", re.DOTALL)
MOST_SECONDS = 60
SECTIONS = ["Two commands", "What to see", "Exercise", "Answer"]
LONG = ("--format json",)  # is not shown
FEWER_STEPS = ["--set", "train.steps=16"]  # than a reader takes; a trace needs some


def started(command, folder):
    words = shlex.split(command)
    ranks = int(words[words.index("-np") + 1]) if words[0] == "mpirun" else 1
    words = words[words.index("pipetrain") + 1:]
    if "--output" in words:  # of a run
        at = words.index("--output") + 1
        words[at] = os.path.join(folder, words[at])
        words += FEWER_STEPS
    if words[0] == "emulate":
        words[words.index("--costs-ms") + 1] = "1,1,1"  # shorter than a reader's
    if words[0] == "timeline":
        words[1] = os.path.join(folder, words[1])
    return Job(ranks, words, folder=ROOT)


def ran(checks, name, command, folder):
    job, problems = started(command, folder), []
    code = job.wait(MOST_SECONDS)
    expect(problems, code == 0, f"exit code {code}")
    expect(problems, job.output() != "", "printed nothing")
    checks.case(f"{name}: {command[:60]}", job, problems)
    return job.output()


def page(checks, path, folder):
    name = os.path.basename(path)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    outputs = {}
    for command, _, _ in DRAWN.findall(text):
        if command not in outputs:
            outputs[command] = ran(checks, name, command, folder)

    def block(match):
        command, _, answer = match.groups()
        shown = "" if command.endswith(LONG) else outputs[command]
        return f"```\n$ {command}\n{shown}```\n" + (f"<!-- answer: {answer} -->\n" if answer else "")

    if "--write" in sys.argv:
        text = DRAWN.sub(block, text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    problems = []
    blocks = DRAWN.findall(text)
    for command, shown, answer in blocks:
        expected = "" if command.endswith(LONG) else outputs[command]
        expect(problems, shown == expected, f"{command} prints something else now; tests/cli/course.py PIPETRAIN MPIRUN --write")
        expect(problems, not answer or answer in outputs[command], f"the answer {answer!r} is not in what {command} prints")
    expect(problems, blocks and not blocks[0][2] and blocks[0][1] != "", "has no drawing")
    expect(problems, sum(bool(answer) for _, _, answer in blocks) == 1, "has not one answer")
    expect(problems, re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS, f"has not the sections {SECTIONS}")
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    expect(problems, 200 <= len(prose.split()) <= 500, f"has {len(prose.split())} words, expected 200 to 500")
    commands = [line for block in COMMANDS.findall(text) for line in block.splitlines() if line]
    expect(problems, len(commands) == 2, f"has {len(commands)} commands, expected two")
    job = Job(1, ["--version"])
    job.wait()
    checks.case(name, job, problems)
    return [(name, command) for command in commands]


def table_of(schedules):
    """One row for each schedule: idea, bubble, memory, who published it."""
    rows = ["| schedule | idea | stages a rank | bubble | microbatches kept | messages | published by |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for each in schedules:
        rows.append(f"| `{each['name']}` | {each['idea']} | {each['virtual_stages']} | {100 * each['bubble_fraction_gradients_first']:.1f}% | "
                    f"{each['peak_live_microbatches']:g} | {each['messages']} | {each['source']} |")
    return "\n".join(rows) + "\n"


def table_of_schedules(checks):
    path = os.path.join(COURSE, "README.md")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    [(command, table)] = TABLE.findall(text)
    job, problems = Job(1, command.split()), []
    expect(problems, job.wait(MOST_SECONDS) == 0, "exit code is not 0")
    made = table_of(json.loads(job.output())["schedules"])
    if "--write" in sys.argv:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(table, made))
    else:
        expect(problems, table == made, "the table of schedules differs from what the program says; tests/cli/course.py PIPETRAIN MPIRUN --write")
    checks.case("README.md: table of schedules", job, problems)


def main():
    checks = Checks()
    table_of_schedules(checks)
    pages = sorted(name for name in os.listdir(COURSE) if re.fullmatch(r"\d_.*\.md", name))
    assert len(pages) == 7, pages
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic()
        for name in pages:
            for command in page(checks, os.path.join(COURSE, name), folder):
                ran(checks, *command, folder)
        print(f"all commands of the course took {time.monotonic() - begin:.1f} s")
    checks.finish()


main()
