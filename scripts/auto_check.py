#!/usr/bin/env python3
"""Compares the schedule `auto` with the true optimum of small cases, which OR-Tools' CP-SAT solver finds, and the bound
that is printed beside it with the same:
  python scripts/auto_check.py [--program build/app/pipetrain] [--cases 200] [--seconds 60] [--seed 1] [--workers 2]
Run it with a Python that has ortools. Each case has 2 to 4 ranks, 2 to 8 microbatches, 1 or 2 stages a rank, random
whole costs of each stage's F, I and W and of messages, and a random limit on live microbatches. Prints a line for each
case in which `auto` is slower than the optimum, then how many are equal; fails below 95%, or if a bound is above an
optimum.
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from ortools.sat.python import cp_model


def random_case(chooser):
    ranks, stages = chooser.randint(2, 4), chooser.choice([1, 1, 2])
    microbatches = chooser.randint(2, 8)
    kind = chooser.choice(["equal", "one stage", "all"])
    cost = lambda low=1: chooser.randint(low, 6)
    base = [cost(), cost(), cost(0)]
    rows = [[cost(), cost(), cost(0)] if kind == "all" else list(base) for _ in range(ranks * stages)]
    if kind == "one stage":
        rows[chooser.randrange(len(rows))] = [cost(), cost(), cost(0)]
    return {"ranks": ranks, "stages": stages, "microbatches": microbatches, "costs": rows, "message": chooser.choice([0, 0, 1, 2]),
            "live": chooser.randint(1, max(1, min(ranks, microbatches)) + 1)}


def run_auto(program, case):
    """What the program searches out: the makespan and the bound."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("".join(",".join(map(str, row)) + "\n" for row in case["costs"]))
        file.flush()
        words = ["schedule", "--name", "auto", "--ranks", case["ranks"], "--microbatches", case["microbatches"], "--virtual-stages", case["stages"],
                 "--stage-costs", file.name, "--costs", case["message"], "--live-microbatches", case["live"], "--format", "json"]
        text = subprocess.run([program, *map(str, words)], check=True, capture_output=True, text=True).stdout
    found = json.loads(text)
    return found["makespan_gradients_first"], found["least_makespan"]


def rank_of(stage, ranks, placement):
    lap, place = divmod(stage, ranks)
    return ranks - 1 - place if placement == "v" and lap % 2 == 1 else place


def optimum(case, placement, most, seconds, workers):
    """(the least makespan up to `most`, a bound): None for the first if there is none, or none was found in time."""
    p, microbatches, rows, message = case["ranks"], case["microbatches"], case["costs"], case["message"]
    stages = len(rows)
    model, horizon = cp_model.CpModel(), int(most)
    begin, on_rank, live = {}, [[] for _ in range(p)], [[] for _ in range(p)]
    owner = [rank_of(s, p, placement) for s in range(stages)]
    for s in range(stages):
        for m in range(microbatches):
            for op in range(3):
                begin[op, s, m] = model.new_int_var(0, horizon - rows[s][op], "")
                on_rank[owner[s]].append(model.new_fixed_size_interval_var(begin[op, s, m], rows[s][op], ""))
            model.add(begin[1, s, m] >= begin[0, s, m] + rows[s][0])
            model.add(begin[2, s, m] >= begin[1, s, m] + rows[s][1])
            # A microbatch lives from the start of its F to the end of its W.
            length = model.new_int_var(0, horizon, "")
            live[owner[s]].append(model.new_interval_var(begin[0, s, m], length, begin[2, s, m] + rows[s][2], ""))
            for op in range(3):  # in ascending order
                if m > 0:
                    model.add(begin[op, s, m] >= begin[op, s, m - 1] + rows[s][op])
        for m in range(microbatches):
            if s > 0:
                way = message if owner[s] != owner[s - 1] else 0
                model.add(begin[0, s, m] >= begin[0, s - 1, m] + rows[s - 1][0] + way)
                model.add(begin[1, s - 1, m] >= begin[1, s, m] + rows[s][1] + way)
    for rank in range(p):
        model.add_no_overlap(on_rank[rank])
        model.add_cumulative(live[rank], [1] * len(live[rank]), int(min(case["live"], microbatches) * case["stages"]))
    makespan = model.new_int_var(0, horizon, "")
    for s in range(stages):
        model.add(makespan >= begin[2, s, microbatches - 1] + rows[s][2])
    model.minimize(makespan)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers = seconds, workers
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return None, horizon
    found = solver.objective_value if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None
    return found, solver.best_objective_bound


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(pathlib.Path(__file__).parent.parent / "build/app/pipetrain"))
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60, help="for each case and placement")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    words = parser.parse_args()
    chooser = random.Random(words.seed)
    equal = slower = open_cases = wrong_bounds = 0
    for number in range(words.cases):
        case = random_case(chooser)
        auto, bound = run_auto(words.program, case)
        placements = ["loop"] if case["stages"] == 1 else ["loop", "v"]
        found = [optimum(case, placement, auto, words.seconds, words.workers) for placement in placements]
        best = min([value for value, _ in found if value is not None], default=auto)
        least = min(limit for _, limit in found)
        if best < bound - 1e-6:
            wrong_bounds += 1
            print(f"case {number}: the bound {bound:g} is above a schedule of {best:g}: {json.dumps(case)}")
        if best < auto - 1e-6:
            slower += 1
            print(f"case {number}: auto {auto:g}, optimum {best:g} ({100 * (auto / best - 1):.2f}% slower): {json.dumps(case)}")
        elif least >= auto - 1e-6:
            equal += 1
        else:
            open_cases += 1
            print(f"case {number}: auto {auto:g}, not beaten in time, nothing below {least:g}")
        sys.stdout.flush()
    print(f"{words.cases} cases: auto is the optimum in {equal}, slower in {slower}, not known of {open_cases}; bounds above an optimum: {wrong_bounds}")
    sys.exit(0 if equal >= 0.95 * words.cases and wrong_bounds == 0 else 1)


main()
