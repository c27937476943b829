#!/usr/bin/env python3
"""placements.py PIPETRAIN MPIRUN: `pipetrain schedule` places stages as it is told, reads PyTorch's tables, and refuses
what is no placement."""

import json
import os
import re
import tempfile

from inputs import write
from job import Checks, expect
from schedule_job import F_1F1B, GOLDEN, has, prints, refused, sized


def check_placements(checks, folder):
    as_json = ["--format", "json"]

    def is_placed(placement, stages):
        def check(problems, text):
            found = json.loads(text)
            expect(problems, found["placement"] == placement, f"placement {found['placement']}")
            own = [sorted({int(re.match(r"\d+", a)[0]) for a in rank}) for rank in found["ranks"]]
            expect(problems, own == stages, f"stages {own}")
        return check

    uneven = "[[0,3],[1,2,4]]"
    for name in ("1f1b", "gpipe", "looped-bfs", "auto", "forward-only"):
        prints(checks, f"{name} placed", sized(name, 2, 6, "--placement", uneven, *as_json), is_placed(uneven, [[0, 3], [1, 2, 4]]))
    for form in ("text", "svg", "down", "csv", "html", "trace"):
        prints(checks, f"placed as {form}", sized("1f1b", 2, 6, "--placement", uneven, "--format", form), has("4F0" if form in ("csv", "down") else "."))
    prints(checks, "placed, in words", sized("1f1b", 2, 6, "--placement", uneven), has(r"1f1b: 2 ranks, stages placed \[\[0,3\],\[1,2,4\]\], 6 micro"))
    prints(checks, "1f1b in a V", sized("1f1b", 3, 6, "--placement", "v", *as_json), is_placed("v", [[0, 5], [1, 4], [2, 3]]))
    prints(checks, "zbv mirrored", sized("zbv", 2, 6, "--placement", "[[1,2],[0,3]]", *as_json),
           is_placed("[[1,2],[0,3]]", [[1, 2], [0, 3]]))
    prints(checks, "searched placement", sized("auto", 2, 4, "--virtual-stages", 2, "--placement", "auto", *as_json), has("placement"))
    for file in sorted(os.listdir(os.path.join(GOLDEN, "pytorch"))):
        prints(checks, f"PyTorch's {file}", ["--check", os.path.join(GOLDEN, "pytorch", file)], has("4 ranks, 2 stages each in a (V|loop), 8 micro", "makespan"))
    refusals = [
        ("left out", sized("1f1b", 3, 6, "--placement", "[[0,5],[1,4],[2]]"), ["stage 3 is left out"], "rank 0: 0 5"),
        ("twice", sized("1f1b", 2, 6, "--placement", "[[0,1],[1]]"), ["stage 1 stands twice"], "rank 1: 1"),
        ("rank with nothing", sized("1f1b", 2, 6, "--placement", "[[0,1],[]]"), ["rank 1 has no stage"], "rank 1: none"),
        ("out of range", sized("1f1b", 2, 6, "--placement", "[[0],[7]]"), ["stage 1 is left out", "stage 7"], "rank 1: 7"),
        ("negative", sized("1f1b", 2, 6, "--placement", "[[0],[-1]]"), ["--placement", "such as"], None),
        ("no list", sized("1f1b", 2, 6, "--placement", "u"), ["--placement: found 'u'", "loop, v, wave"], None),
        ("other ranks", sized("1f1b", 4, 6, "--placement", uneven), ["of 2 ranks, but there are 4"], None),
        ("its own", sized("interleaved", 2, 6, "--placement", "v"), ["interleaved places its stages in a loop", "gpipe, 1f1b"], None),
        ("its own, of other stages", sized("eager-1f1b", 2, 6, "--placement", "v"), ["eager-1f1b places its stages in a loop", "found placement v"], None),
        ("of slices", sized("1f1b", 2, 6, "--placement", "v", "--slices", 2), ["1f1b of slices places its stages in a loop", "take whole sequences"], None),
        ("of copies", sized("chimera", 2, 6, "--placement", "v"), ["chimera places its stages in a loop in both directions"], None),
        ("search", sized("1f1b", 2, 6, "--placement", "auto"), ["schedule auto alone"], None),
        ("v of three", sized("auto", 2, 6, "--placement", "v", "--virtual-stages", 3), ["two stages per rank"], None),
    ]
    for name, words, patterns, detail in refusals:
        refused(checks, f"placement: {name}", words, patterns, detail)
    write(os.path.join(folder, "own.csv"), F_1F1B)
    refused(checks, "placement of a table", ["--check", "own.csv", "--placement", "[[1],[0]]"], ["own.csv places its stages itself"], folder=folder)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        check_placements(checks, folder)
    checks.finish()


main()
