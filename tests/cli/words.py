#!/usr/bin/env python3
"""words.py PIPETRAIN MPIRUN: completion of shells and the manual pages have every command, option and key; bash and
fish complete with their scripts; groff finds nothing wrong with the pages."""

import os
import re
import shutil
import subprocess
import tempfile

from job import Checks, Job, expect

NO_MPI = {"OMPI_MCA_pml": "none_such"}  # with it MPI_Init fails
# What bash should offer for a line that ends here.
COMPLETED = [("pipetrain sch", ["schedule"]), ("pipetrain --conf", ["--config"]), ("pipetrain schedule --form", ["--format"]),
             ("pipetrain schedule --format s", ["svg"]), ("pipetrain train --schedule zbv", ["zbv"]),
             ("pipetrain --set train.batch", ["train.batch_size="]), ("pipetrain help fam", ["families"]),
             ("pipetrain help completion-b", ["completion-bash"]), ("pipetrain help tok", ["tokenize", "tokenizer"]),
             ("pipetrain --ex", ["--example"]), ("pipetrain --example shake", ["shakespeare"]), ("pipetrain --vers", ["--version"]),
             ("pipetrain train --vers", []), ("pipetrain --config a --resume /et", ["/etc"]),
             ("pipetrain train --resume --rebal", ["--rebalance"]),
             ("pipetrain plan --no-such", []), ("pipetrain --config /etc/host", ["/etc/host.conf", "/etc/hostname", "/etc/hosts"])]
LOADED = """
source "$1"
COMP_WORDS=($2) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_pipetrain
printf '%s\\n' "${COMPREPLY[@]}"
"""


def printed(*words):
    job = Job(1, list(words), env=NO_MPI)
    assert job.wait() == 0, (words, job.error_output())
    return job, job.output()


def options_of_program():
    """{command: its options} as --help prints them."""
    _, text = printed("--help")
    commands = re.findall(r"^  ([a-z]+) ", text.split("Commands:\n")[1].split("\n\n")[0], re.MULTILINE)
    return {command: re.findall(r"^  (?:-\w,)?(--[a-z0-9-]+)", printed(command, "--help")[1], re.MULTILINE) for command in commands}


def has_all(checks, topic, known, written):
    job, text = printed("help", topic)
    problems = []
    for command, options in known.items():
        expect(problems, re.search(rf"\b{command}\b", text), f"lacks the command {command}")
        for option in options:
            expect(problems, written(option) in text, f"lacks {option} of {command}")
    checks.case(topic, job, problems)
    return text


def bash_completes(checks, script, folder):
    path = os.path.join(folder, "pipetrain")
    with open(path, "w", encoding="utf-8") as file:
        file.write(script)
    for line, expected in COMPLETED:
        result = subprocess.run(["bash", "--norc", "-c", LOADED, "bash", path, line], capture_output=True, text=True, check=False)
        found = sorted(filter(None, result.stdout.splitlines()))
        known = [word for word in expected if not word.startswith("/") or os.path.exists(word)]
        job, problems = printed("--version")[0], []
        expect(problems, result.returncode == 0 and result.stderr == "", f"bash says {result.stderr!r}")
        expect(problems, set(known) <= set(found) and (known or not found), f"offers {found}, expected {known}")
        checks.case(f"bash completes {line!r}", job, problems)


def loads(checks, shell, script, folder, *check):
    if shutil.which(shell) is None:
        return print(f"{shell} is not there: its completion is not loaded")
    path = os.path.join(folder, shell)
    with open(path, "w", encoding="utf-8") as file:
        file.write(script)
    result = subprocess.run([shell, *check, path], capture_output=True, text=True, check=False)
    job, problems = printed("--version")[0], []
    expect(problems, result.returncode == 0 and result.stderr == "", f"{shell} says {result.stderr!r}")
    return checks.case(f"{shell} reads its completion", job, problems)


def fish_completes(checks, folder):
    """With the script that loads() has left in the folder."""
    if shutil.which("fish") is None:
        return
    for line, expected in [("pipetrain sch", "schedule"), ("pipetrain schedule --form", "--format"), ("pipetrain train --schedule zbv", "zbv")]:
        result = subprocess.run(["fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", os.path.join(folder, "fish"), line],
                                capture_output=True, text=True, check=False)
        found = [word.split("\t")[0] for word in result.stdout.splitlines()]
        job, problems = printed("--version")[0], []
        expect(problems, found == [expected], f"offers {found}, expected {expected}")
        checks.case(f"fish completes {line!r}", job, problems)


def page_is_clean(checks, topic, text):
    job, problems = printed("--version")[0], []
    if shutil.which("groff"):
        result = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-rLL=100n", "-z"], input=text, capture_output=True, text=True, check=False)
        expect(problems, result.returncode == 0 and result.stderr == "", f"groff says {result.stderr[:400]!r}")
    else:
        print(f"groff is not there: {topic} is not set")
    expect(problems, text.startswith(".\\\"") and ".TH " in text and ".SH NAME" in text, "is no manual page")
    checks.case(f"{topic} is set without a warning", job, problems)


def main():
    checks, known = Checks(), options_of_program()
    assert len(known) >= 14 and "--config" in known["train"], known
    with tempfile.TemporaryDirectory() as folder:
        bash_completes(checks, has_all(checks, "completion-bash", known, str), folder)
        loads(checks, "zsh", has_all(checks, "completion-zsh", known, str), folder, "-n")
        loads(checks, "fish", has_all(checks, "completion-fish", known, lambda option: " -l " + option[2:]), folder, "-n")
        fish_completes(checks, folder)
        page_is_clean(checks, "man-page", has_all(checks, "man-page", known, lambda option: option.replace("-", "\\-")))
        job, keys = printed("help", "keys")
        names = re.findall(r"^\| `([a-z_.0-9]+)` \|", keys, re.MULTILINE)
        _, page = printed("help", "man-config")
        problems = []
        expect(problems, len(names) > 60, f"help keys has {len(names)} keys")
        for name in names:
            expect(problems, f"\\fB{name}\\fR" in page, f"lacks {name}")
        checks.case("man-config has every key", job, problems)
        page_is_clean(checks, "man-config", page)
    checks.finish()


main()
