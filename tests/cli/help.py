#!/usr/bin/env python3
"""help.py PIPETRAIN MPIRUN [--write]: `pipetrain help TOPIC` prints the tables that the program runs by, and the
documents have the same ones between `<!-- pipetrain help TOPIC -->` and `<!-- end -->`. --write puts them there."""

import os
import re
import sys

from job import Checks, Job, expect, one_error

# Of a command, words that are wrong otherwise, and what is said of them.
WRONG = {"train": [([], "--config FILE is missing"), (["--config", "a", "b"], "unexpected word 'b'")],
         "bench": [([], "--config FILE is missing")],
         "describe": [([], "--config FILE is missing"), (["--ranks", "0"], "--ranks: found '0'")],
         "emulate": [([], "--schedule NAME or --config FILE is missing")],
         "eval": [([], "--config FILE is missing"), (["--config", "a"], "--checkpoint DIR is missing")],
         "export": [([], "--checkpoint DIR is missing")],
         "generate": [([], "--checkpoint DIR is missing"), (["--top-p"], "--top-p")],
         "import": [([], "--from DIR is missing"), (["--from", "a"], "--output DIR is missing")],
         "plan": [(["--config", "a"], "--ranks N is missing")],
         "report": [([], "RUN_DIR is missing")],
         "schedule": [([], "expected one of --name NAME"), (["--format", "png"], "--format: png not in")],
         "timeline": [([], "RUN_DIR is missing")],
         "tokenize": [([], "is missing")],
         "tokenizer": [([], "is missing")],
         "watch": [([], "RUN_DIR is missing"), (["--port", "70000", "x"], "--port: found '70000'")]}

NO_MPI = {"OMPI_MCA_pml": "none_such"}  # with it MPI_Init fails
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
DOCUMENTS = {"configs/README.md": ["keys", "presets", "layers"], "lib/schedule/README.md": ["schedules"]}
MARKED = re.compile(r"<!-- pipetrain help (\w+) -->\n(.*?)<!-- end -->\n", re.DOTALL)

SCHEDULES = re.compile(r"<!-- pipetrain (schedule [^\n]*) -->\n(.*?)<!-- end -->\n", re.DOTALL)


def job_of(*arguments):
    return Job(1, ["help", *arguments], env=NO_MPI)


def printed(checks, topic):
    job = job_of(topic)
    code, problems, text = job.wait(), [], job.output()
    expect(problems, code == 0, f"exit code {code}, expected 0")
    expect(problems, not job.error_output(), "wrote to standard error")
    for table in text.split("\n\n"):
        lines = table.splitlines()
        expect(problems, len({line.count(" | ") for line in lines}) == 1 and len(lines) > 2, f"is no table: {lines[:3]}")
        expect(problems, all(re.fullmatch(r"\| .* \|", line) for line in lines), "a row is open")
    checks.case(f"help {topic}", job, problems)
    return text


def document(checks, name, expected, texts):
    """The document's tables against those that are printed."""
    path = os.path.join(ROOT, name)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if "--write" in sys.argv:
        text = MARKED.sub(lambda m: f"<!-- pipetrain help {m[1]} -->\n{texts[m[1]]}<!-- end -->\n", text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    found, problems = dict(MARKED.findall(text)), []
    expect(problems, sorted(found) == sorted(expected), f"has tables of {sorted(found)}, expected {sorted(expected)}")
    for topic, table in found.items():
        expect(problems, table == texts.get(topic), f"{topic}: the table differs from what is printed; write it anew with "
               "tests/cli/help.py PIPETRAIN MPIRUN --write")
    job = job_of()
    job.wait()
    checks.case(name, job, problems)


def document_of_all_schedules(checks):
    """The table of all schedules is what its own command prints."""
    path = os.path.join(ROOT, "lib/schedule/README.md")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    [(command, table)] = SCHEDULES.findall(text)
    job, problems = Job(1, command.split(), env=NO_MPI), []
    expect(problems, job.wait() == 0, "exit code is not 0")
    if "--write" in sys.argv:
        with open(path, "w", encoding="utf-8") as file:
            file.write(SCHEDULES.sub(lambda m: f"<!-- pipetrain {m[1]} -->\n{job.output()}<!-- end -->\n", text))
    else:
        expect(problems, table == job.output(), "the table differs from what its command prints; write it anew with "
               "tests/cli/help.py PIPETRAIN MPIRUN --write")
    checks.case(f"lib/schedule/README.md: {command}", job, problems)


def names_own_help(checks, command):
    """What is wrong with a command's words ends with where to read of them."""
    for words, what in [(["--nonsense"], f"unknown option '--nonsense' of {command}; "), *WRONG.get(command, [])]:
        job = Job(1, [command, *words])
        problems = one_error(job, 2, [what])
        expect(problems, job.errors() and job.errors()[0].endswith(f"; see pipetrain {command} --help"), "names another page")
        checks.case(f"{command} {' '.join(words)}", job, problems)


def main():
    checks, problems, job = Checks(), [], job_of()
    expect(problems, job.wait() == 0, "exit code is not 0")
    topics = re.findall(r"^  (\w+) ", job.output(), re.MULTILINE)
    expect(problems, topics[:4] == ["keys", "layers", "presets", "schedules"], f"lists {topics}")
    checks.case("help", job, problems)
    texts = {topic: printed(checks, topic) for topic in topics}
    for name, expected in DOCUMENTS.items():
        document(checks, name, expected, texts)
    document_of_all_schedules(checks)
    for case, words, patterns in [("an unknown topic", ["leyers"], ["unknown topic 'leyers'", "layers"]),
                                  ("two topics", ["keys", "layers"], ["unexpected word 'layers'"])]:
        job = job_of(*words)
        checks.case(case, job, one_error(job, 2, patterns))
    job = Job(1, ["--help"], env=NO_MPI)
    job.wait()
    commands = re.findall(r"^  (\w+) +[A-Z]", job.output().split("Commands:\n")[1].split("\n\n")[0], re.MULTILINE)
    checks.case(f"all commands: {commands}", job, [] if set(WRONG) < set(commands) else ["some are not listed"])
    for command in commands:
        names_own_help(checks, command)
        job, page = job_of(command), Job(1, [command, "--help"], env=NO_MPI)
        problems = [] if job.wait() == page.wait() == 0 else ["exit code is not 0"]
        expect(problems, job.output() == page.output(), "is another page than behind --help")
        checks.case(f"help {command}", job, problems)
    checks.finish()


main()
