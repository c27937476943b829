#!/usr/bin/env python3
"""explorer_replay.py PIPETRAIN REPOSITORY: the explorer's page holds the very lists that the generators make, and what
its JavaScript makes of them under random costs is, to the last bit, what `pipetrain schedule --format json` says:
every start and end, the bubble and the live microbatches. Needs node; without it the test is passed over."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

CASES = 150
RUN = r"""
const fs = require("fs"), vm = require("vm");
globalThis.pt = {};
vm.runInThisContext(fs.readFileSync(process.argv[1], "utf8"));
const data = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const out = JSON.parse(fs.readFileSync(process.argv[3], "utf8")).map(c => {
  const entry = data.lists[c.name]?.[c.p + "." + c.v], lists = entry?.lists[c.n > 1 ? c.m + "." + c.n : c.m];
  if (lists === undefined) return null;
  const schedule = pt.decodeSchedule(lists, entry.at, c.m, c.n), made = pt.replay(schedule, {stages: c.stages, message: c.message});
  const text = a => `${a.stage}${a.kind}${a.microbatch}` + (a.slice > 0 ? "." + a.slice : "");
  return {ranks: schedule.ranks.map(r => r.map(text)), makespan: made.makespan, bubble: made.bubble, peaks: made.peaks,
    spans: made.spans.map(r => r.filter(s => !s.waiting).map(s => [text(s), s.start, s.end]))};
});
process.stdout.write(JSON.stringify(out));
"""


def schedule(*words):
    return subprocess.run([sys.argv[1], "schedule", *map(str, words)], capture_output=True, text=True, check=False)


def random_case(data, generator, folder, number):
    name = generator.choice(sorted(data["lists"]))
    sizes = generator.choice(sorted(data["lists"][name]))
    p, v = map(int, sizes.split("."))
    m, n = map(int, (generator.choice(sorted(data["lists"][name][sizes]["lists"])) + ".1").split(".")[:2])
    recompute, by_stage = generator.random() < 0.5, generator.random() < 0.5
    message = generator.choice([0, 0, round(generator.random(), 3)])

    def cost():
        return generator.choice([0.5, 1, 1, 2, round(3 * generator.random(), 4)])

    words = ["--name", name, "--ranks", p, "--virtual-stages", v, "--microbatches", m, "--slices", n, "--format", "json", *(["--recompute"] if recompute else [])]
    if by_stage:
        stages = [[cost(), cost(), cost()] for _ in range(p * v)]
        path = os.path.join(folder, f"{number}.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(",".join(map(str, row)) + "\n" for row in stages))
        words += ["--stage-costs", path, "--costs", message]
    else:
        share = [cost(), cost(), cost()]
        stages = [[each / v for each in share]] * (p * v)
        words += ["--costs", ",".join(map(str, [*share, message]))]
    costs = [{"F": f, "I": i, "W": w, "R": f if recompute else 0} for f, i, w in stages]
    return words, {"name": name, "p": p, "v": v, "m": m, "n": n, "stages": costs, "message": message}


def main():
    node = shutil.which("node")
    if node is None:
        print("node is not there: the explorer's JavaScript is not run")
        return 77
    page = schedule("--explore").stdout
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    generator, failed, cells = random.Random(1), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        cases = [random_case(data, generator, folder, number) for number in range(CASES)]
        for name, text in (("data", json.dumps(data)), ("cases", json.dumps([case for _, case in cases]))):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        replayed = json.loads(subprocess.run(
            [node, "-e", RUN, os.path.join(sys.argv[2], "lib/report/page/replay.js"), os.path.join(folder, "data"), os.path.join(folder, "cases")],
            capture_output=True, text=True, check=True).stdout)
        for (words, case), found in zip(cases, replayed):
            answer = schedule(*words)
            assert answer.returncode == 0, answer.stderr
            expected = json.loads(answer.stdout)
            pairs = {"ranks": "ranks", "spans": "spans", "makespan_gradients_first": "makespan", "peak_live_microbatches": "peaks"}
            wrong = [key for key, ours in pairs.items() if expected[key] != found[ours]]
            if abs(expected["bubble_fraction_gradients_first"] - found["bubble"]) > 1e-12:
                wrong.append("bubble")
            cells += sum(map(len, expected["spans"]))
            if wrong:
                failed += 1
                print(f"FAILED  {case['name']} p={case['p']} v={case['v']} M={case['m']} n={case['n']}: {', '.join(wrong)} differ; {' '.join(map(str, words))}")
    print(f"{CASES - failed} of {CASES} cases are the same, {cells} actions, starts and ends compared")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
