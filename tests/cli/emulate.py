#!/usr/bin/env python3
"""emulate.py PIPETRAIN MPIRUN: `pipetrain emulate` runs schedules with stages that wait and says what it measured
beside what was simulated; wrong input ends in one line before anything runs."""

import json
import os
import tempfile

from inputs import make_inputs, write
from job import Checks, Job, expect, one_error

KEYS = {"schedule", "ranks", "virtual_stages", "microbatches", "rank_costs_ms", "message_bytes", "message_seconds",
        "simulated_seconds", "measured_seconds", "ratio", "work_ratio", "bubble_simulated", "bubble_measured",
        "peak_live_microbatches", "step_seconds"}
TWO_RANKS = "0F0,0F1,0B0,0B1\n1F0,1B0,1F1,1B1\n"


def emulate(*words, schedule="1f1b", microbatches="6", costs="2,2,2"):
    given = [("--schedule", schedule), ("--microbatches", microbatches), ("--costs-ms", costs)]
    return ["emulate", *(word for pair in given if pair[1] for word in pair), *words]


def consistent(problems, one, ranks, microbatches):
    expect(problems, KEYS <= set(one), f"lacks {KEYS - set(one)}")
    if problems:
        return
    expect(problems, one["ranks"] == ranks and one["microbatches"] == microbatches, f"other sizes: {one}")
    expect(problems, 0 < one["simulated_seconds"], f"simulated {one['simulated_seconds']} s")
    expect(problems, (one["message_seconds"] > 0) == (ranks > 1), f"a message took {one['message_seconds']} s")
    for key in ("simulated_seconds", "measured_seconds"):  # no rank can be done before its own work is
        busiest = max(sum(costs) for costs in one["rank_costs_ms"]) * microbatches / 1e3
        expect(problems, one[key] >= 0.999 * busiest, f"{one['schedule']}: {key} {one[key]}, but {busiest} s of work")
    ratio = one["measured_seconds"] / one["simulated_seconds"]
    expect(problems, abs(one["ratio"] - ratio) < 1e-9, f"ratio {one['ratio']}, expected {ratio}")
    expect(problems, one["work_ratio"] >= 0.95, f"work took {one['work_ratio']} of its time")
    for key in ("bubble_simulated", "bubble_measured"):
        expect(problems, -1e-9 <= one[key] < 1, f"{key} {one[key]}")
    expect(problems, sorted(one["step_seconds"])[len(one["step_seconds"]) // 2] == one["measured_seconds"],
           "measured is not the median of the steps")
    live = one["peak_live_microbatches"]
    expect(problems, len(live) == ranks and all(0 < x <= microbatches for x in live), f"live microbatches {live}")


def prints_json(checks, folder, name, ranks, arguments, look):
    """`look(problems, object)` at the one JSON object on standard output."""
    job = Job(ranks, [*arguments, "--format", "json"], folder=folder)
    code = job.wait()
    problems = []
    expect(problems, code == 0, f"exit code {code}, expected 0")
    expect(problems, not job.said(), f"said {job.said()}")
    try:
        look(problems, json.loads(job.output()))
    except (ValueError, KeyError) as error:
        problems.append(f"not the JSON expected: {error!r}")
    checks.case(f"{name} ({ranks})", job, problems)


def refused(checks, folder, name, ranks, arguments, patterns):
    checks.refused(f"refused: {name} ({ranks})", Job(ranks, arguments, folder=folder), 2, patterns)


def prints_text(checks, folder, name, ranks, arguments, words):
    job = Job(ranks, arguments, folder=folder)
    code = job.wait()
    problems = []
    expect(problems, code == 0, f"exit code {code}, expected 0")
    for word in words:
        expect(problems, word in job.output(), f"lacks {word}: {job.output()}")
    checks.case(f"{name} ({ranks})", job, problems)


def one_like(ranks, microbatches, costs=(2, 2, 2), **wanted):
    def look(problems, one):
        consistent(problems, one, ranks, microbatches)
        found = [[round(x, 6) for x in rank] for rank in one["rank_costs_ms"]]
        expect(problems, found == [list(costs)] * ranks, f"costs {found}, expected {costs}")
        for key, value in wanted.items():
            expect(problems, one[key] == value, f"{key} {one[key]}, expected {value}")
    return look


def whole_table(problems, table):
    names = {one["schedule"] for one in table["schedules"]}
    expect(problems, {"gpipe", "1f1b", "interleaved", "zb-h1", "zbv", "v-half", "v-min", "auto"} <= names,
           f"only {names}")
    expect(problems, [left["schedule"] for left in table["left_out"]] == ["dualpipev", "dualpipe"],
           f"left out {table['left_out']}")
    expect(problems, "M=8" in table["left_out"][0]["reason"], f"reason {table['left_out']}")
    for one in table["schedules"]:
        consistent(problems, one, 4, 6)


def both_cuts(problems, one):
    uniform = one["uniform"]
    for cut in (one, uniform):
        consistent(problems, cut, 2, 4)
        expect(problems, len(cut["partition"]) == 2 and cut["partition"][0] == 0, f"partition {cut['partition']}")
    expect(problems, one["partition"] != uniform["partition"], "the same cut twice")
    expect(problems, one["message_seconds"] == uniform["message_seconds"] > 0, "message costs")
    # 2 rows of 8 tokens of width 16
    expect(problems, one["message_bytes"] == 2 * 8 * 16 * 4, f"messages of {one['message_bytes']} bytes")


def one_cut(problems, one):
    consistent(problems, one, 2, 4)
    expect(problems, "uniform" not in one, "a comparison with itself")


# A message of 4000 bytes takes 2 ms between hosts, and 1 ms within one; ranks 2 and 3 share a host.
LINKS = ["--links", "within=1ms,between=2MB/s,hosts=2", "--message-bytes", "4000"]


def as_linked(problems, one):
    consistent(problems, one, 4, 6)
    expect(problems, one["message_bytes"] == 4000 and one["links"] == LINKS[1], f"over {one['links']}")
    expect(problems, one["simulated_seconds"] > 1e-3 * (6 * 6 + 3 * 2 + 2 * (1 + 2 + 1)), f"simulated {one['simulated_seconds']}")
    expect(problems, one["ratio"] >= 0.999, f"faster than its links: {one['ratio']}")


def with_slow_rank(problems, one):
    consistent(problems, one, 2, 4)
    expect(problems, one["speeds"] == [1, 0.125], f"speeds {one['speeds']}")
    layers = one["partition"][1]
    expect(problems, layers > one["uniform"]["partition"][1], f"the slow rank's stage begins at layer {layers}")
    expect(problems, one["simulated_seconds"] < one["uniform"]["simulated_seconds"], "no gain")


REFUSED = [
    ("links that are none", 2, emulate("--links", "within=1"), ["--links: within", "20us"]),
    ("links of no file", 2, emulate("--links", "nowhere.csv"), ["nowhere.csv", "No such file"]),
    ("links of other ranks", 4, emulate("--links", "pair.csv"), ["pair.csv", "no link from rank 1 to 2"]),
    ("speeds of other ranks", 4, emulate("--speeds", "1,1"), ["--speeds", "2 ranks, expected 4"]),
    ("overlapping steps of pieces", 2, emulate("--vocabulary", "parallel", "--between-steps", "delay"),
     ["--between-steps delay", "vocabulary over the pipeline"]),
    ("costs of pieces that nobody asked for", 2, emulate("--vocabulary-costs-ms", "1,1"),
     ["--vocabulary-costs-ms is for --vocabulary parallel"]),
    ("a rank that stands still", 2, emulate("--speeds", "1,0"), ["--speeds", "'0'"]),
    ("a model on other ranks' speeds", 2, ["emulate", "--config", "model.yaml", "--speeds", "1"], ["--speeds", "1 ranks, expected 2"]),
    ("other ranks", 4, emulate("--ranks", "16"), ["--ranks 16", "4 started", "mpirun -np 16"]),
    ("unknown schedule", 4, emulate(schedule="1f2b"), ["1f2b", "1f1b", "zbv"]),
    ("no schedule", 1, ["emulate"], ["--schedule", "--config", "--help"]),
    ("no microbatches", 2, emulate(microbatches=""), ["--microbatches", "missing"]),
    ("no microbatches for all", 1, emulate(schedule="all", microbatches=""), ["--microbatches", "missing"]),
    ("zero microbatches", 1, emulate(microbatches="0"), ["--microbatches", "0"]),
    ("microbatches beyond tags", 2, emulate(microbatches="100000"), ["100000|99999", "8192"]),
    ("microbatches in words", 1, emulate(microbatches="many"), ["--microbatches", "many"]),
    ("negative ranks", 1, emulate("--ranks", "-4"), ["--ranks"]),
    ("virtual stages that do not exist", 2, emulate("--virtual-stages", "3"), ["1f1b", "found 3"]),
    ("too few microbatches", 4, emulate(schedule="dualpipev"), ["dualpipev", "M=8"]),
    ("negative cost", 2, emulate(costs="2,-2,2"), ["--costs-ms", "'2,-2,2'", "20,20,20"]),
    ("two costs", 1, emulate(costs="2,2"), ["--costs-ms", "'2,2'"]),
    ("four costs", 1, emulate(costs="2,2,2,2"), ["--costs-ms", "'2,2,2,2'"]),
    ("costs in words", 1, emulate(costs="a,b,c"), ["--costs-ms", "'a,b,c'"]),
    ("infinite cost", 1, emulate(costs="inf,1,1"), ["--costs-ms"]),
    ("no cost at all", 1, emulate(costs="0,0,0"), ["--costs-ms", "not all 0"]),
    ("half a number", 2, emulate("--message-bytes", "1002"), ["--message-bytes", "1002", "multiple of 4"]),
    ("empty messages", 1, emulate("--message-bytes", "0"), ["--message-bytes", "0"]),
    ("endless messages", 1, emulate("--message-bytes", "99999999999"), ["--message-bytes"]),
    ("no steps", 1, emulate("--steps", "0"), ["--steps", "0"]),
    ("limit without search", 2, emulate("--live-microbatches", "2"), ["--live-microbatches", "auto", "1f1b"]),
    ("limit below one", 1, emulate("--live-microbatches", "0.5", schedule="auto"), ["--live-microbatches", "0.5"]),
    ("missing table", 2, emulate(schedule="nowhere.csv", microbatches=""), ["nowhere.csv", "No such file"]),
    ("table for other ranks", 4, emulate(schedule="two.csv", microbatches=""), ["two.csv", "2 ranks", "4"]),
    ("table of other microbatches", 2, emulate(schedule="two.csv"), ["two.csv", "2 microbatches", "6"]),
    ("setting without a model", 1, emulate("--set", "train.steps=3"), ["--set", "--config"]),
    ("trace of all", 1, emulate("--trace", "t.json", schedule="all"), ["--trace", "one schedule"]),
    ("trace that cannot be written", 2, emulate("--trace", "none/t.json"), ["none/t.json", "another file for --trace"]),
    ("trace over a table", 2, emulate("--trace", "two.csv"), ["--trace two.csv is there and is not a trace"]),
    ("costs of a model", 2, emulate("--config", "model.yaml"), ["--costs-ms", "model.yaml"]),
    ("model on other ranks", 2, ["emulate", "--config", "model.yaml", "--ranks", "3"], ["--ranks 3", "2 started"]),
]


def traces(checks, folder):
    """A file with what every rank did in the measured steps, with arrows and counters."""
    job, problems = Job(2, emulate("--trace", "trace.json", "--steps", "2"), folder=folder), []
    expect(problems, job.wait() == 0, "exit code is not 0")
    with open(os.path.join(folder, "trace.json"), encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    ran = [e for e in events if e["ph"] == "X" and not e["name"].startswith("wait")]
    expect(problems, len([e for e in ran if e["name"][1] in "FIW"]) == 2 * 2 * 6 * 3, f"{len(ran)} actions")
    expect(problems, {e["args"]["step"] for e in ran} == {1, 2}, "not two steps")
    arrows = [e for e in events if e["ph"] in "sf"]
    expect(problems, len(arrows) == 2 * 2 * 2 * 6, f"{len(arrows)} ends of arrows")
    peaks = [max(e["args"]["value"] for e in events if e["ph"] == "C" and e["name"] == f"live microbatches, rank {rank}") for rank in (0, 1)]
    expect(problems, peaks == [2, 1], f"keeps {peaks}")
    checks.case("a trace", job, problems)


def in_a_row(checks, folder):
    """Steps that follow each other: with a delay rank 0 begins one before the last ends, and the trace is of all."""
    for rule in ("flush", "delay"):
        job, problems = Job(2, emulate("--between-steps", rule, "--steps", "6", "--trace", "row.json", "--format", "json"),
                            folder=folder), []
        expect(problems, job.wait() == 0, "exit code is not 0")
        if not problems:
            one = json.loads(job.output())
            consistent(problems, one, 2, 6)
            expect(problems, one["between_steps"] == rule and one["steps"] == 6, f"of other steps: {one}")
            expect(problems, one["peak_live_microbatches"] == [2, 1], f"keeps {one['peak_live_microbatches']}")
            with open(os.path.join(folder, "row.json"), encoding="utf-8") as file:
                events = json.load(file)["traceEvents"]
            begin = {(e["tid"], e["name"]): e["ts"] for e in events if e["ph"] == "X" and not e["name"].startswith("wait")}
            missing = ({(0, f"0F{m}") for m in range(36)} | {(1, f"1W{m}") for m in range(36)}) - set(begin)
            expect(problems, not missing, f"the trace lacks {sorted(missing)[:5]}")
            if not problems:  # microbatch 6 is the first of the second step; a rank's order is the same on any machine
                expect(problems, (begin[0, "0F6"] < begin[0, "0W5"]) == (rule == "delay"), "rank 0 begins a step at another time")
        checks.case(f"6 steps in a row, {rule} between them", job, problems)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(folder)
        write(os.path.join(folder, "two.csv"), TWO_RANKS)
        prints_json(checks, folder, "1f1b", 4, emulate("--ranks", "4"),
                    one_like(4, 6, schedule="1f1b", virtual_stages=1, message_bytes=1024,
                             peak_live_microbatches=[4, 3, 2, 1]))
        prints_json(checks, folder, "zbv, large messages", 4, emulate("--message-bytes", "100000", schedule="zbv"),
                    one_like(4, 6, virtual_stages=2, message_bytes=100000))
        prints_json(checks, folder, "interleaved, v = 3, W of no time", 2,
                    emulate("--virtual-stages", "3", "--steps", "5", schedule="interleaved", costs="2,3,0"),
                    one_like(2, 6, costs=(2, 3, 0), virtual_stages=3))
        prints_json(checks, folder, "alone", 1, emulate(), one_like(1, 6, peak_live_microbatches=[1]))
        prints_json(checks, folder, "a table", 2, emulate(schedule="two.csv", microbatches=""),
                    one_like(2, 2, schedule="two.csv", peak_live_microbatches=[2, 1]))
        prints_json(checks, folder, "auto", 4, emulate("--live-microbatches", "2", schedule="auto"),
                    one_like(4, 6, schedule="auto"))
        prints_json(checks, folder, "all", 4, emulate(schedule="all"), whole_table)
        prints_text(checks, folder, "all, as text", 2, emulate("--steps", "1", schedule="all", microbatches="3"),
                    ["bubble simulated", "ratio", "\n1f1b ", "\nauto ", "\nleft out: schedule dualpipev"])
        prints_text(checks, folder, "1f1b, as text", 2, emulate(), ["measured", "simulated", "per rank: 2 1"])
        model = ["emulate", "--config", "model.yaml", "--set", "pipeline.partition="]
        prints_json(checks, folder, "a model, uniform", 2, [*model[:-1], model[-1] + "uniform"], one_cut)
        prints_json(checks, folder, "a model that recomputes", 2,
                    [*model[:-1], model[-1] + "uniform", "--set", "pipeline.recompute=full"], one_cut)
        prints_json(checks, folder, "a model, by hand", 2, [*model[:-1], model[-1] + "[0, 1]"], both_cuts)
        prints_text(checks, folder, "a model whose steps overlap", 2,
                    [*model[:-1], model[-1] + "uniform", "--set", "pipeline.delay=1"],
                    ["steps in a row, delay between them"])
        prints_text(checks, folder, "a model, as text", 2, [*model[:-1], model[-1] + "[0, 1]", "--schedule", "zb-h1"],
                    ["zb-h1", "first layer of each stage: 0 1\n", "the uniform cut", "% simulated"])
        write(os.path.join(folder, "pair.csv"), "0,1,1ms\n")
        prints_json(checks, folder, "links", 4, emulate(*LINKS), as_linked)
        prints_json(checks, folder, "a slow rank", 2, [*model[:-1], model[-1] + "auto", "--speeds", "1,0.125"], with_slow_rank)
        traces(checks, folder)
        in_a_row(checks, folder)
        for name, ranks, arguments, patterns in REFUSED:
            refused(checks, folder, name, ranks, arguments, patterns)
    checks.finish()


main()
