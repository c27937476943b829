#!/usr/bin/env python3
"""timeline.py PIPETRAIN MPIRUN: a run with --trace leaves a trace that a viewer opens and changes no loss; pipetrain
timeline draws a step of it and refuses what is no trace."""

import json
import os
import re
import tempfile
import xml.etree.ElementTree

from inputs import make_inputs
from job import Checks, Job, expect

RANKS, STEPS, MICROBATCHES = 2, 14, 4
TRACED = list(range(3, 13))  # ten after the first two
NO_MPI = {"OMPI_MCA_pml": "none_such"}  # with it MPI_Init fails


def train(folder, output, *more, ranks=RANKS):
    job = Job(ranks, ["--config", "model.yaml", "--set", f"train.steps={STEPS}", "--set", "train.log_every=1",
                      "--output", output, *more], folder=folder)
    return job, job.wait()


def losses(folder, output):
    with open(os.path.join(folder, output, "metrics.jsonl"), encoding="utf-8") as lines:
        return [(line["loss"], line["grad_norm"]) for line in map(json.loads, lines) if line["step"] > 0]


def schedule_1f1b(rank):
    """A rank's compute actions: forwards ahead, then I, W and the next forward in turn."""
    ahead = min(MICROBATCHES, RANKS - rank)
    actions = [f"{rank}F{m}" for m in range(ahead)]
    for m in range(MICROBATCHES):
        actions += [f"{rank}I{m}", f"{rank}W{m}"]
        if m + ahead < MICROBATCHES:
            actions.append(f"{rank}F{m + ahead}")
    return actions


def check_track(problems, rank, events):
    """One rank's events, as they stand in the file."""
    end = 0
    for event in events:
        expect(problems, event["ts"] >= end - 0.002, f"rank {rank}: {event['name']} begins before what is ahead of it ends")
        end = event["ts"] + event["dur"]
    expect(problems, sorted({e["args"]["step"] for e in events}) == TRACED, f"rank {rank}: not the steps {TRACED}")
    for step in TRACED:
        names = [e["name"] for e in events if e["args"]["step"] == step]
        ran = [name for name in names if re.fullmatch(r"\d+[FIW]\d+", name)]
        expect(problems, ran == schedule_1f1b(rank), f"rank {rank}, step {step} ran {ran}")
        other = [name for name in names if name not in ran and not name.startswith("wait ")]
        expected = ["feed", "reduce", "update"][rank > 0:]
        expect(problems, other == expected, f"rank {rank}, step {step}: {other}, expected {expected}")


def traced(checks, folder):
    plain, plain_code = train(folder, "plain")
    job, code = train(folder, "run", "--trace")
    problems = []
    expect(problems, plain_code == 0 and code == 0, f"exit codes {plain_code}, {code}")
    expect(problems, "trace: " in job.error_output(), "does not say where the trace is")
    expect(problems, not os.path.exists(os.path.join(folder, "plain", "trace.json")), "a trace without --trace")
    expect(problems, losses(folder, "plain") == losses(folder, "run"), "tracing changed the losses")
    with open(os.path.join(folder, "run", "trace.json"), encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    tracks = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    expect(problems, tracks == {0: "rank 0", 1: "rank 1"}, f"tracks {tracks}")
    spans = [e for e in events if e["ph"] == "X"]
    expect(problems, {e["pid"] for e in spans} == {0}, "more than one process")
    for rank in range(RANKS):
        check_track(problems, rank, [e for e in spans if e["tid"] == rank])
    first = min(e["ts"] for e in spans)
    expect(problems, first == 0, f"the trace begins at {first}")
    expect(problems, any(e["name"] == "wait 1F0" for e in spans), "no wait for the first activation")
    checks.case("a traced run", job, problems)


def retrained(checks, folder):
    """A run into the same folder, without a trace, leaves none that is not its own."""
    train(folder, "again", "--trace")
    job, code = train(folder, "again")
    left = os.listdir(os.path.join(folder, "again"))
    checks.case("an earlier run's trace is gone", job,
                [] if code == 0 and "trace.json" not in left else [f"exit code {code}, left {left}"])


def timeline(folder, *arguments, env=NO_MPI):
    job = Job(1, ["timeline", *arguments], folder=folder, env=env)
    return job, job.wait()


def draws(checks, folder):
    job, code = timeline(folder, "run")
    problems = []
    expect(problems, code == 0 and not job.error_output(), f"exit code {code}")
    text = job.output()
    for pattern in [r"measured, step \d+ \(median of 10\): makespan [\d.e-]+ ms, bubble [\d.]+%", r"peak live microbatches of each rank: 2 1",
                    r"predicted: makespan [\d.e-]+ ms, bubble [\d.]+%", r"messages free \(measured: ", r"whole step [\d.]+ ms",
                    r"feed [\d.e-]+ ms, reduce [\d.e-]+ ms, update [\d.e-]+ ms", r"(?m)^ms +0 "]:
        expect(problems, re.search(pattern, text), f"lacks {pattern}")
    expect(problems, "\033" not in text, "colours into a file")
    rows = [line for line in text.splitlines() if not re.match("measured: |predicted: ", line)]
    expect(problems, max(map(len, rows)) <= 80, "wider than 80 columns")
    checks.case("timeline as text", job, problems)

    job, code = timeline(folder, "run/", "--format", "svg", "--step", "5")
    problems = []
    expect(problems, code == 0 and not job.error_output(), f"exit code {code}")
    root = xml.etree.ElementTree.fromstring(job.output())
    texts = [element.text or "" for element in root.iter() if element.tag.endswith("text")]
    # One that goes on in the next line of a long drawing is there twice.
    titles = {element.text for element in root.iter() if element.tag.endswith("title")}
    expect(problems, "measured, step 5" in texts and "predicted" in texts, f"titles {texts}")
    expect(problems, len([t for t in texts if "makespan" in t and "bubble" in t]) == 2, "lacks step times and bubbles")
    expect(problems, len(titles) == 2 * RANKS * MICROBATCHES * 3, f"{len(titles)} actions")
    checks.case("timeline as SVG", job, problems)


def refuses(checks, folder, arguments, code, pattern):
    job, found = timeline(folder, *arguments, env=())  # a wrong command line is reported by MPI's ranks
    problems = []
    expect(problems, found == code, f"exit code {found}, expected {code}")
    errors = job.errors()
    expect(problems, len(errors) == 1 and re.search(pattern, errors[0]), f"errors {errors}, expected {pattern}")
    expect(problems, not job.output(), "wrote to standard output")
    checks.case("refused: " + " ".join(arguments), job, problems)


def refusals(checks, folder):
    refuses(checks, folder, [], 2, "RUN_DIR is missing")
    refuses(checks, folder, ["nowhere"], 2, "no run directory nowhere")
    refuses(checks, folder, ["plain"], 2, "plain has no trace.json; train with --trace")
    refuses(checks, folder, ["run", "--step", "13"], 2, "--step 13: .* expected one of 3 to 12")
    refuses(checks, folder, ["run", "--step", "0"], 2, "--step")
    refuses(checks, folder, ["run", "--step", "two"], 2, "--step")
    refuses(checks, folder, ["run", "--format", "png"], 2, "--format")
    refuses(checks, folder, ["run", "run"], 2, "unexpected word 'run'")
    with open(os.path.join(folder, "run", "trace.json"), encoding="utf-8") as file:
        text = file.read()
    trace = json.loads(text)

    def changed(change):
        copy = json.loads(text)
        change(copy["traceEvents"])
        return json.dumps(copy)

    def first(events, name):
        return next(e for e in events if e["name"] == name)

    lost = first(trace["traceEvents"], "1W3")
    cases = {
        "cut": (text[:len(text) // 2], "is not JSON, or was cut short"),
        "empty": ("", "is not JSON"),
        "deep": ("[" * 1000000, "parts in parts, more than 100 deep"),
        "other": ('{"traceEvents": []}', "is not a trace that pipetrain wrote"),
        "list": (json.dumps(trace["traceEvents"]), "is not a trace that pipetrain wrote"),
        "negative": (changed(lambda e: first(e, "0I1").update(dur=-3)), "has a dur that cannot be: -3"),
        "huge": (changed(lambda e: first(e, "0I1").update(ts=1e99)), "has a ts that cannot be"),
        "overflow": (text.replace('"dur":', '"dur":1e999', 1), "is not JSON"),
        "stage": (changed(lambda e: first(e, "0I1").update(name="2000000000I1")), "is 2000000000I1 among"),
        "lost": (changed(lambda e: e.remove(lost)), "step 3"),
    }
    for name, (content, pattern) in cases.items():
        os.mkdir(os.path.join(folder, name))
        with open(os.path.join(folder, name, "trace.json"), "w", encoding="utf-8") as file:
            file.write(content)
        step = ["--step", "3"] if name == "lost" else []
        refuses(checks, folder, [name, *step], 3, f"{name}/trace.json.*{pattern}")
    os.makedirs(os.path.join(folder, "folder", "trace.json"))
    refuses(checks, folder, ["folder"], 2, "not a regular file")


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        traced(checks, folder)
        draws(checks, folder)
        refusals(checks, folder)
        retrained(checks, folder)
        job, code = train(folder, "alone", "--trace", "--set", "train.steps=1", ranks=1)
        seen, seen_code = timeline(folder, "alone")
        checks.case("one step on one rank", seen, [] if (code, seen_code) == (0, 0) else [f"exit codes {code}, {seen_code}"])
    checks.finish()


main()
