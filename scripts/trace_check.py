#!/usr/bin/env python3
"""Reads traces with Perfetto's own trace processor, and checks their arrows and counters.

usage: trace_check.py TRACE.json...      (pip install perfetto, which fetches its program at the first use)
A trace comes from train --trace, `pipetrain emulate --trace FILE` or `pipetrain schedule --format trace`. Where the
program cannot be fetched, the rules of the format are checked by this script alone, and it says so.
"""
import collections
import json
import sys


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


def by_perfetto(path):
    from perfetto.trace_processor import TraceProcessor

    with TraceProcessor(trace=path) as processor:
        def one(query):
            return next(iter(processor.query(query))).n

        spans = one("select count(*) as n from slice")
        arrows = one("select count(*) as n from flow")
        counters = one("select count(distinct track_id) as n from counter")
        errors = [f"{row.name}: {row.value}" for row in processor.query("select name, value from stats where severity = 'error' and value > 0")]
    return spans, arrows, counters, errors


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    failed, why_not = False, ""
    for path in sys.argv[1:]:
        spans, arrows, counters, problems = by_rules(path)
        try:
            if why_not:
                raise OSError(why_not)
            found, who = by_perfetto(path), "trace_processor"
            if found[:3] != (spans, arrows, counters):
                problems.append(f"trace_processor finds {found[0]} spans, {found[1]} arrows and {found[2]} counters, expected {spans}, {arrows} and {counters}")
            problems += found[3]
        except Exception as error:  # its program is fetched from the network
            why_not = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
            who = f"the rules alone, since trace_processor did not run ({why_not})"
        print(f"{path}: {spans} spans, {arrows} arrows, {counters} counters by {who}" + "".join(f"\n  {problem}" for problem in problems[:5]))
        failed |= bool(problems)
    sys.exit(1 if failed else 0)


main()
