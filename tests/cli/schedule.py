#!/usr/bin/env python3
"""schedule.py PIPETRAIN MPIRUN: `pipetrain schedule` gives the published tables and their figures in every format,
takes a schedule of one's own, and refuses what is none, soon and in little memory."""

import csv
import json
import os
import pty
import re
import resource
import tempfile

from inputs import write
from job import PATIENCE, Checks, Job, expect
from schedule_job import F_1F1B, GOLDEN, has, prints, refused, sized

MOST_BYTES = 2 << 30  # of address space


def table(name):
    """Its rows; an overlapped pair is its two actions."""
    with open(os.path.join(GOLDEN, name), encoding="utf-8") as file:
        return re.sub(r"\((\w+);(\w+)\)OVERLAP_F_B", r"\1,\2", file.read()).split()


def is_table(name):
    def check(problems, text):
        expect(problems, text.split() == table(name), f"is not {name}")
    return check


def has_figures(name):
    """The JSON has the figures of INDEX.csv."""
    with open(os.path.join(GOLDEN, "INDEX.csv"), encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["file"] == name)

    def check(problems, text):
        found = json.loads(text)
        expect(problems, found["makespan"] == float(row["makespan_unit_F=I=W=1"]), f"makespan {found['makespan']}")
        expect(problems, abs(found["bubble_fraction"] - float(row["bubble_over_makespan"])) < 1e-4,
               f"bubble {found['bubble_fraction']}")
        peaks = found["peak_live_microbatches"]
        expect(problems, len(peaks) == int(row["ranks"]), f"{len(peaks)} peaks")
        expect(problems, max(peaks) == float(row["peak_live_microbatch_equivalents"]), f"peak {max(peaks)}")
        expect(problems, found["makespan_gradients_first"] <= found["makespan"], "gradients first is slower")
        expect(problems, [",".join(r) for r in found["ranks"]] == table(name), "other actions")
    return check


def is_narrow(problems, text):
    for line in text.splitlines():
        expect(problems, len(line) <= 80, f"a line of {len(line)} characters: {line}")
    expect(problems, "\033" not in text, "colour without a terminal")


def colours_on_a_terminal(checks, env, expected):
    main, terminal = pty.openpty()
    job = Job(1, ["schedule", *map(str, sized("1f1b", 2, 4))], env=dict(env, TERM="xterm-256color"), stdout=terminal)
    code = job.wait()
    os.close(terminal)
    text = os.read(main, 1 << 16).decode()
    os.close(main)
    problems = []
    expect(problems, code == 0, f"exit code {code}, expected 0")
    expect(problems, ("\033[30;48;5;" in text) == expected, f"colour is {not expected}")
    expect(problems, "F0" in text, "no drawing")
    checks.case(f"on a terminal with {env}", job, problems)


# What is not a table: (name, text or bytes, patterns of the error, what the grid has in it or None)
TABLES = [
    ("empty", "", ["bad.csv", "empty"], None),
    ("only rows", "\n\n\n", ["bad.csv", "empty"], None),
    ("garbage", bytes(range(256)) * 50, ["bad.csv: row 1, column 1", "expected <stage>"], None),
    ("unknown action", F_1F1B.replace("1B1", "1X1"), ["row 2, column 4", "'1X1'"], None),
    ("negative", F_1F1B.replace("0F1", "-0F1"), ["row 1, column 2", "'-0F1'"], None),
    ("huge stage", F_1F1B.replace("1F0", "99999999999F0"), ["row 2, column 1", "'99999999999F0'"], None),
    ("large stage", F_1F1B.replace("1F0", "999999999F0"), ["999999999F0 in a table of 8 actions"], ">999999999F0<"),
    ("large microbatch", F_1F1B.replace("1F0", "1F2147483647"), ["1F2147483647 in a table of 8"], ">1F2147483647<"),
    ("row missing", F_1F1B.splitlines()[1], ["stage 0 has no action, but stage 1 has", "row missing"], "> missing <"),
    ("row of another's actions", F_1F1B.replace("1F0,1B0,1F1,1B1", "0F1"), ["rank 1 has no stage"], "rank 1: none"),
    ("message twice", "0F0,0SEND_F0,0SEND_F0,0RECV_B0,0B0\n1RECV_F0,1F0,1B0,1SEND_B0\n",
     ["row 1, column 3: 0SEND_F0 comes twice"], ">0SEND_F0<"),
    ("message missing", "0F0,0SEND_F0,0B0\n1RECV_F0,1F0,1B0,1SEND_B0\n",
     ["row 1, column 3: 0B0 lacks 0RECV_B0: stage 1 is on another rank"], ">0B0<"),
    ("message too late", "0F0,0SEND_F0,0RECV_B0,0B0\n1F0,1RECV_F0,1B0,1SEND_B0\n",
     ["row 2, column 2: 1RECV_F0 comes after 1F0"], ">1RECV_F0<"),
    ("message of no action", "0F0,0SEND_F1,0B0\n1RECV_F0,1F0,1B0,1SEND_B0\n", ["rank 0: 0F1 is missing"], "> missing <"),
    ("reduction too early", "0F0,0REDUCE_GRAD,0B0\n", ["0REDUCE_GRAD comes before the last backward"], ">0REDUCE_GRAD<"),
    ("gather too late", "0F0,0UNSHARD,0B0\n", ["0F0 stands outside of 0UNSHARD"], ">0F0<"),
    ("action missing", F_1F1B.replace("0B0,", ""), ["rank 0: 0I0 \\(or 0B0\\) is missing"], "> missing <"),
    ("action twice", F_1F1B.replace("1B1", "1B1,1B1"), ["rank 1, action 5: 1B1 comes twice"], ">1B1<"),
    ("weights first", F_1F1B.replace("1B1", "1W1,1I1"), ["1W1 comes before 1I1"], ">1W1<"),
    ("backward first", F_1F1B.replace("1F0,1B0", "1B0,1F0"), ["1B0 comes before 1F0"], ">1B0<"),
    ("wrong rank", F_1F1B.replace("0F1", "1F1"), ["row 1, column 2: 1F1 is on the wrong rank"], ">1F1<"),
    ("cycle", "0F0,0B0,0F1,0B1\n1F0,1F1,1B0,1B1\n",
     ["deadlock: 0B0 waits for 1I0 of rank 1, rank 1: 1F1 waits for 0F1 of rank 0"], ">0B0<"),
]


def check_formats(checks):
    for name, words in {"1f1b_S4_M8.csv": ["1f1b", 4, 8], "zbv_S4_M16.csv": ["zbv", 4, 16],
                        "interleaved1f1b_v4_S2_M4.csv": ["interleaved", 2, 4, "--virtual-stages", 4],
                        "dualpipev_S4_M8.csv": ["dualpipev", 4, 8]}.items():
        prints(checks, f"{words[0]} as CSV", sized(*words, "--format", "csv"), is_table(name))
        prints(checks, f"{name} checked", ["--check", os.path.join(GOLDEN, name), "--format", "json"], has_figures(name))
    for name in ("gpipe_S4_M8.csv", "vhalf_sail_S4_M16.csv", "zb2p_sail_S4_M8.csv"):
        prints(checks, f"{name} by name", ["--name", os.path.join(GOLDEN, name), "--format", "json"], has_figures(name))
    for name in ("gpipe", "1f1b", "interleaved", "looped-bfs", "zb-h1", "interleaved-zb", "zbv", "dualpipev", "v-half",
                 "v-min", "auto", "forward-only"):
        prints(checks, f"{name} as text", sized(name, 4, 8), is_narrow)
        prints(checks, f"{name} as SVG", sized(name, 4, 8, "--format", "svg"), has("^<svg", f">{name}: 4 ranks", "bubble"))
    prints(checks, "text", sized("1f1b", 4, 8),
           has("1f1b: 4 ranks, 8 microbatches", "efficiency 80.0% as it runs, 72.7%", "makespan 30, bubble 20.0%", "makespan 33, bubble 27.3%", "4 3 2 1"))
    prints(checks, "down", sized("gpipe", 2, 2, "--format", "down"), has("^gpipe: 2 ranks", "\n    rank 0  rank 1\n", "\nT0  F0      \\.\n", "makespan 9"))
    prints(checks, "recompute", sized("1f1b", 4, 8, "--recompute"), has("R, which runs F again", "R recompute", "R0"))
    prints(checks, "trace", sized("zbv", 4, 8, "--format", "trace"), has('"ph":"s"', '"ph":"f"', '"ph":"C"', "zbv: 4 ranks"))
    prints(checks, "page", sized("zbv", 4, 8, "--format", "html"), has("^<!DOCTYPE html>", "The schedule zbv"))
    prints(checks, "page of slices", sized("slim-1f1b", 4, 2, "--slices", 4, "--format", "html"), has("The schedule slim-1f1b", '"2.4":"s'))
    prints(checks, "SVG of slices", sized("1f1b", 4, 2, "--slices", 4, "--format", "svg"), has("^<svg", "F0.3"))
    prints(checks, "explorer", ["--explore"], has("^<!DOCTYPE html>", '"zbv"', '"v-min"'))
    for env, expected in (({}, True), ({"NO_COLOR": "1"}, False)):
        colours_on_a_terminal(checks, env, expected)


def makespan_is(expected):
    def check(problems, text):
        found = json.loads(text)["makespan_gradients_first"]
        expect(problems, abs(found - expected) < 1e-9, f"makespan {found}, expected {expected}")
    return check


def check_costs(checks, folder):
    write(os.path.join(folder, "stages.csv"), "1,1,1\n1,1,1\n")
    write(os.path.join(folder, "uneven.csv"), "1,1,1\n1,1,1\n1,1,1\n3,3,3\n")
    as_json = ["--format", "json"]
    prints(checks, "costs", sized("gpipe", 2, 1, "--costs", "1,2,4,8", *as_json), makespan_is(1 + 8 + 1 + 2 + 8 + 2 + 4))
    prints(checks, "stage costs", sized("gpipe", 2, 1, "--stage-costs", "stages.csv", "--costs", "5", *as_json),
           makespan_is(1 + 5 + 1 + 1 + 5 + 1 + 1), folder)
    prints(checks, "auto with stage costs", sized("auto", 4, 8, "--stage-costs", "uneven.csv", *as_json),
           lambda problems, text: expect(problems, json.loads(text)["makespan_gradients_first"] < 80, "no better"), folder)
    prints(checks, "auto's bound", sized("auto", 4, 8, "--live-microbatches", "1", *as_json),
           lambda problems, text: expect(problems, json.loads(text)["least_makespan"] == 72, f"bound in {text}"))
    prints(checks, "auto within memory", sized("auto", 4, 8, "--live-microbatches", "2", *as_json),
           lambda problems, text: expect(problems, max(json.loads(text)["peak_live_microbatches"]) <= 2, "more memory"))
    for costs in ("1,1", "1,1,x", "-1,1,1", "0,0,0", "inf,1,1", "nan,1,1", "1e300,1,1"):
        refused(checks, f"costs {costs}", sized("1f1b", 2, 2, "--costs", costs), ["--costs"])
    refused(checks, "stage costs for others", sized("1f1b", 2, 2, "--stage-costs", "uneven.csv"),
            ["uneven.csv", "4 stages", "expected 2"], folder=folder)
    refused(checks, "stage costs of two stages a rank", sized("auto", 2, 2, "--stage-costs", "uneven.csv"),
            ["4 stages", "expected 2", "give --virtual-stages 2"], folder=folder)
    write(os.path.join(folder, "spreadsheet.csv"), b'\xef\xbb\xbf"1","1",1\r\n,,\r\n1,1,1\r\n')
    prints(checks, "stage costs of a spreadsheet", sized("gpipe", 2, 1, "--stage-costs", "spreadsheet.csv", *as_json),
           makespan_is(5), folder)
    refused(checks, "no stage costs", sized("1f1b", 2, 2, "--stage-costs", "none.csv"), ["none.csv", "No such"], folder=folder)
    refused(checks, "both costs", sized("1f1b", 4, 2, "--stage-costs", "uneven.csv", "--costs", "1,1,1"),
            ["--costs", "COMM alone"], folder=folder)


def check_links(checks, folder):
    write(os.path.join(folder, "links.csv"), "0,1,8ms\n1,0,8MB/s\n")
    write(os.path.join(folder, "other.json"), '{"a": 1}')
    as_json = ["--format", "json"]
    costs = ["--costs", "1,2,4", *as_json]
    linked = makespan_is(1 + 8 + 1 + 2 + 8 + 2 + 4)
    prints(checks, "links", sized("gpipe", 2, 1, "--links", "within=8ms", *costs), linked)
    prints(checks, "links of a table", sized("gpipe", 2, 1, "--links", "links.csv", "--message-bytes", "64000", *costs), linked, folder)
    prints(checks, "speeds", sized("gpipe", 2, 1, "--speeds", "0.5,1", *costs), makespan_is(2 + 1 + 2 + 4 + 8))
    prints(checks, "links as text", sized("1f1b", 2, 2, "--links", "between=1ms,hosts=2", "--speeds", "1,2"),
           has("messages of 1024 bytes over between=1ms,hosts=2, ranks at speeds 1, 2"))
    prints(checks, "several steps over links", sized("1f1b", 2, 2, "--links", "within=1ms", "--steps", "3"), has("3 steps"))
    for name, words, patterns in [
            ("a cost and links", ["--costs", "1,1,1,1", "--links", "within=1ms"], ["--links", "COMM"]),
            ("bytes without links", ["--message-bytes", "9"], ["--message-bytes", "--links"]),
            ("a word of links twice", ["--links", "within=1ms,within=2ms"], ["--links: found .*, expected each of its words once"]),
            ("a link without unit", ["--links", "within=1"], ["--links: within", "20us"]),
            ("speeds of others", ["--speeds", "1,1,1"], ["--speeds", "3 ranks, expected 2"]),
            ("a page of links", ["--links", "within=1ms", "--format", "html"], ["--format html", "--links"]),
            ("no doctor", ["--speeds", "links.json"], ["links.json"]),
            ("another JSON", ["--speeds", "other.json"], ["other.json: expected a number for each rank, or what .* doctor"])]:
        refused(checks, name, sized("1f1b", 2, 2, *words), patterns, folder=folder)
    refused(checks, "shared links over steps", sized("interleaved", 4, 8, "--links", "between=1ms,hosts=2", "--steps", "2"),
            ["--links", "one step alone"])


def check_vocabulary(checks, folder):
    over_all = ["--vocabulary", "parallel"]
    for name in ("1f1b", "zb-h1", "zbv", "v-half", "auto"):
        prints(checks, f"{name} with pieces", sized(name, 4, 8, *over_all),
               has("the vocabulary over all ranks", "its S, T 1, 1", "S the rank's piece of the vocabulary"))
    for name in ("1f1b", "zbv", "auto"):
        prints(checks, f"{name} with pieces that wait twice", sized(name, 4, 8, "--vocabulary", "vocab-1"),
               has(r"the vocabulary over all ranks \(vocab-1\)", "its S, T 1, 1"))
    refused(checks, "pieces of an unknown kind", sized("1f1b", 4, 8, "--vocabulary", "vocab-3"),
            ["--vocabulary", "vocab-3", "whole", "parallel", "vocab-1"])
    prints(checks, "costs of pieces", sized("1f1b", 1, 1, *over_all, "--vocabulary-costs", "8,16", "--format", "json"),
           makespan_is(3 + 8 + 16))
    table = "0F0,0S0,0B0,0T0\n1F0,1S0,1B0,1T0\n"
    write(os.path.join(folder, "pieces.csv"), table)
    prints(checks, "table with pieces", ["--check", "pieces.csv"], has("the vocabulary over all ranks"), folder)
    write(os.path.join(folder, "twice.csv"), table.replace("0B0,0T0", "0T0,0B0").replace("1B0,1T0", "1T0,1B0"))
    prints(checks, "table with pieces that wait twice", ["--check", "twice.csv"], has(r"all ranks \(vocab-1\)"), folder)
    refused(checks, "table of the other kind", ["--check", "twice.csv", *over_all],
            ["twice.csv has the actions S and T", "in another order", "to vocab-1"], folder=folder)
    write(os.path.join(folder, "pieces.csv"), table.replace("0S0,", ""))
    refused(checks, "a piece without S", ["--check", "pieces.csv"], ["0T0 comes before 0S0"], ">0T0<", folder)
    refused(checks, "pieces of another schedule", sized("interleaved", 4, 8, *over_all), ["interleaved has no form with", "take 1f1b"])
    refused(checks, "a page of pieces", sized("1f1b", 4, 8, *over_all, "--format", "html"), ["--format html", "--vocabulary"])
    refused(checks, "costs of pieces without them", sized("1f1b", 4, 8, "--vocabulary", "whole", "--vocabulary-costs", "1,1"),
            ["--vocabulary-costs is for --vocabulary parallel"])
    for name in ("1f1b", "all"):
        refused(checks, f"costs of pieces that nobody asked for, {name}", sized(name, 4, 8, "--vocabulary-costs", "1,1"),
                ["--vocabulary-costs is for --vocabulary parallel"])
    refused(checks, "one cost of two", sized("1f1b", 4, 8, *over_all, "--vocabulary-costs", "1"), ["--vocabulary-costs", "S,T"])


def check_own(checks, folder):
    write(os.path.join(folder, "own.csv"), F_1F1B)
    prints(checks, "own table", ["--check", "own.csv"], has("own.csv: 2 ranks, 2 microbatches"), folder)
    prints(checks, "own table and sizes", ["--check", "own.csv", "--ranks", 2, "--microbatches", 2, "--virtual-stages", 1],
           has("rank 1"), folder)
    refused(checks, "other ranks", ["--check", "own.csv", "--ranks", 4], ["own.csv", "2 ranks", "4"], folder=folder)
    refused(checks, "other microbatches", ["--name", "own.csv", "--microbatches", 9], ["2 microbatches", "9"], folder=folder)
    refused(checks, "other stages", ["--check", "own.csv", "--virtual-stages", 3], ["1 virtual stage", "3"], folder=folder)
    for name, text, patterns, detail in TABLES:
        write(os.path.join(folder, "bad.csv"), text)
        refused(checks, f"table: {name}", ["--check", "bad.csv"], patterns, detail, folder)
    write(os.path.join(folder, "bad.csv"), b"\n" * (100 << 20) + b"0F0")
    refused(checks, "table: a hundred million rows", ["--check", "bad.csv"], ["bad.csv", "0I0 .* is missing"], "> missing <", folder)
    refused(checks, "missing table", ["--check", "none.csv"], ["none.csv", "No such file"], folder=folder)
    refused(checks, "table is a folder", ["--check", "."], ["directory"], folder=folder)
    refused(checks, "table without end", ["--check", "/dev/zero"], ["/dev/zero", "128 MiB"])


def check_refusals(checks):
    refused(checks, "nothing asked", [], ["--name", "--check"])
    refused(checks, "both asked", ["--name", "1f1b", "--check", "x.csv"], ["--name", "--check"])
    refused(checks, "unknown schedule", sized("1f2b", 4, 8), ["'1f2b'", "gpipe, 1f1b, interleaved", "v-min", "mean 1f1b"])
    refused(checks, "no sizes", ["--name", "1f1b"], ["1f1b", "ranks and microbatches"])
    refused(checks, "v that does not fit", sized("zbv", 4, 8, "--virtual-stages", 3), ["zbv", "exactly 2", "found 3"])
    refused(checks, "M that does not fit", sized("dualpipev", 4, 7), ["dualpipev", "M=7", "M=8"])
    for ranks in ("0", "-1", "x", "1.5", "99999999999"):
        refused(checks, f"{ranks} ranks", sized("1f1b", ranks, 8), ["--ranks", re.escape(ranks)])
    for name in ("1f1b", "zbv", "auto", "forward-only"):
        refused(checks, f"{name}: too many", sized(name, 1000000, 1000000), ["1000000 ranks", "at most 5 million"])
    refused(checks, "too many stages", sized("interleaved", 2, 8, "--virtual-stages", 2147483647), ["at most 5 million"])
    refused(checks, "too large to draw", sized("1f1b", 300000, 2), ["too large"])
    refused(checks, "too large a picture", sized("1f1b", 256, 1024, "--format", "svg"), ["too large"])
    refused(checks, "memory of 1f1b", sized("1f1b", 4, 8, "--live-microbatches", 2), ["auto alone"])
    for limit in ("0.5", "nan", "inf", "-nan", "0x2", "1e999"):
        refused(checks, f"memory of {limit}", sized("auto", 4, 8, "--live-microbatches", limit),
                ["--live-microbatches", limit, "from 1"])
    refused(checks, "too large a page", sized("1f1b", 40, 8, "--format", "html"), ["40 ranks", "at most 36"])
    refused(checks, "too large a trace", sized("1f1b", 256, 1024, "--format", "trace"), ["too large"])
    refused(checks, "explorer of one", ["--explore", "--name", "zbv"], ["--explore", "--format html"])
    refused(checks, "a rule for one step", sized("1f1b", 4, 8, "--between-steps", "delay"), ["--between-steps", "give --steps of at least 2"])
    refused(checks, "unknown format", sized("1f1b", 4, 8, "--format", "png"), ["--format", "png", "svg"])
    refused(checks, "unknown option", ["--nmae", "1f1b"], ["--nmae", "'--name'"])


def main():
    if PATIENCE == 1:  # sanitizers reserve terabytes of addresses
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        check_formats(checks)
        check_costs(checks, folder)
        check_links(checks, folder)
        check_vocabulary(checks, folder)
        check_own(checks, folder)
        check_refusals(checks)
    checks.finish()


main()
