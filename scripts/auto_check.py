#!/usr/bin/env python3
"""Compares the schedule `auto` with the true optimum of small cases, which OR-Tools' CP-SAT solver finds, and the bound
that is printed beside it with the same:
  python scripts/auto_check.py [--program build/app/pipetrain] [--cases 200] [--seconds 60] [--seed 1] [--workers 2]
Run it with a Python that has ortools. Each case has 2 to 4 ranks, 2 to 8 microbatches, 1 or 2 stages a rank, random
whole costs of each stage's F, I and W and of messages, and a random limit on live microbatches. Prints a line for each
case in which `auto` is slower than the optimum, then how many are equal; fails below 95%, or if a bound is above an
optimum. Where the program's bound is its makespan, its own search has seen all that could be shorter; with --seconds 0
those cases are counted alone.
"""
import argparse
import itertools
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


def chain(rows, ways):
    """Per op and stage: the earliest that it can start, and the least that comes after it until all is done."""
    stages = range(len(rows))
    heads, tails = [[0] * len(rows) for _ in range(3)], [[0] * len(rows) for _ in range(3)]
    for s in stages[1:]:
        heads[0][s] = heads[0][s - 1] + rows[s - 1][0] + ways[s]
    arrives = heads[0][-1] + rows[-1][0]
    for s in reversed(stages):
        heads[1][s], heads[2][s] = arrives, arrives + rows[s][1]
        arrives += rows[s][1] + ways[s]
    for s in stages:
        tails[1][s] = max(rows[s][2], ways[s] + rows[s - 1][1] + tails[1][s - 1] if s > 0 else 0)
    tails[0][-1] = rows[-1][1] + tails[1][-1]
    for s in reversed(stages[:-1]):
        tails[0][s] = ways[s + 1] + rows[s + 1][0] + tails[0][s + 1]
    return heads, tails


class Oracle:
    """Schedules of at most `most`. An action is (op, stage, microbatch). Each pair on a rank has its order as a
    literal, and what memory asks for is clauses of these literals: CP-SAT learns from clauses."""

    def __init__(self, case, placement, most):
        self.case, self.most, self.model = case, most, cp_model.CpModel()
        self.rows, self.microbatches = case["costs"], range(case["microbatches"])
        owner = [rank_of(s, case["ranks"], placement) for s in range(len(self.rows))]
        self.ways = [case["message"] if s > 0 and owner[s] != owner[s - 1] else 0 for s in range(len(self.rows))]
        self.orders = {}
        self.add_actions()
        for rank in range(case["ranks"]):
            stages = [s for s in range(len(self.rows)) if owner[s] == rank]
            self.add_rank(stages)
            limit = int(min(case["live"], case["microbatches"]) * case["stages"])
            if limit < case["stages"] * case["microbatches"]:
                self.add_memory(stages, limit)
        self.makespan = self.model.new_int_var(0, most, "")
        self.model.add_max_equality(self.makespan, [self.end((2, s, self.microbatches[-1])) for s in range(len(self.rows))])
        self.model.minimize(self.makespan)

    def end(self, action):
        return self.begin[action] + self.rows[action[1]][action[0]]

    def add_actions(self):
        heads, tails = chain(self.rows, self.ways)
        count, self.begin = len(self.microbatches), {}
        for s, row in enumerate(self.rows):
            for m in self.microbatches:
                for op, time in enumerate(row):
                    first, last = heads[op][s] + m * time, self.most - tails[op][s] - (count - m) * time
                    # Too short for the chain alone: an empty domain is not allowed, one below 0 makes it infeasible.
                    self.begin[op, s, m] = self.model.new_int_var(min(first, last), last, "")
                    self.model.add(self.begin[op, s, m] >= first)
                    if m > 0:  # in ascending order
                        self.model.add(self.begin[op, s, m] >= self.end((op, s, m - 1)))
                    if op > 0:
                        self.model.add(self.begin[op, s, m] >= self.end((op - 1, s, m)))
                if s > 0:
                    self.model.add(self.begin[0, s, m] >= self.end((0, s - 1, m)) + self.ways[s])
                    self.model.add(self.begin[1, s - 1, m] >= self.end((1, s, m)) + self.ways[s])

    @staticmethod
    def known(a, b):
        """Whether `a` must come before `b`, where what they need of each other leads from one to the other."""
        (op, stage, microbatch), (other_op, other_stage, other_microbatch) = a, b
        if microbatch > other_microbatch or op > other_op:
            return False
        if stage == other_stage or op == 0 and other_op > 0:
            return True
        return stage < other_stage if other_op == 0 else op == 1 and stage > other_stage

    def before(self, a, b):
        """A literal, or what is known."""
        if self.known(a, b) or self.known(b, a):
            return self.known(a, b)
        if (b, a) in self.orders:
            return ~self.orders[b, a]
        if (a, b) not in self.orders:
            order = self.orders[a, b] = self.model.new_bool_var("")
            self.model.add(self.begin[b] >= self.end(a)).only_enforce_if(order)
            self.model.add(self.begin[a] >= self.end(b)).only_enforce_if(~order)
        return self.orders[a, b]

    def add_rank(self, stages):
        actions = [(op, s, m) for s in stages for m in self.microbatches for op in range(3)]
        self.model.add_no_overlap(
            [self.model.new_fixed_size_interval_var(self.begin[a], self.rows[a[1]][a[0]], "") for a in actions])
        for i, a in enumerate(actions):
            for b in actions[:i]:
                self.before(a, b)

    def add_memory(self, stages, limit):
        """A microbatch lives from the start of its F to the end of its W: at most `limit` of all stages at once."""
        count = len(self.microbatches)
        for own in stages:
            for m in range(limit, count):
                self.model.add(self.begin[0, own, m] >= self.end((2, own, m - limit)))
            for other in stages:
                for m, n in itertools.product(self.microbatches, repeat=2) if other != own else []:
                    self.add_clauses(own, other, m, n, m + 1 + n + 1 - limit)
        # Lifetimes of any run of microbatches fill at most the memory over their time.
        for a, b in itertools.combinations(self.microbatches, 2):
            last = self.model.new_int_var(0, self.most, "")
            self.model.add_max_equality(last, [self.end((2, s, b)) for s in stages])
            lives = [self.end((2, s, m)) - self.begin[0, s, m] for s in stages for m in range(a, b + 1)]
            self.model.add(sum(lives) <= limit * (last - self.begin[0, stages[0], a]))

    def add_clauses(self, own, other, m, n, done):
        """Of two stages: where the other's F of `n` comes before the own one's of `m`, `done` W come before it, too.
        So for each i, either the own stage's i-th W is among them or the other's (done - 1 - i)-th."""
        forward, count = (0, own, m), len(self.microbatches)
        for i in range(max(0, done)):
            literals = [self.before(forward, (0, other, n))]
            literals += [self.before((2, own, i), forward)] if i < count else []
            literals += [self.before((2, other, done - 1 - i), forward)] if done - 1 - i < count else []
            if not any(literal is True for literal in literals):
                self.model.add_bool_or([literal for literal in literals if literal is not False])


def optimum(case, placement, most, seconds, workers):
    """(the least makespan up to `most`, a bound): None for the first if there is none, or none was found in time."""
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers = seconds, workers
    status = solver.solve(Oracle(case, placement, int(most)).model)
    if status == cp_model.INFEASIBLE:
        return None, int(most) + 1
    found = solver.objective_value if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None
    return found, solver.best_objective_bound


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(pathlib.Path(__file__).parent.parent / "build/app/pipetrain"))
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60, help="for each case and placement; 0: CP-SAT is not asked")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    words = parser.parse_args()
    chooser = random.Random(words.seed)
    equal = slower = open_cases = wrong_bounds = ended = 0
    for number in range(words.cases):
        case = random_case(chooser)
        auto, bound = run_auto(words.program, case)
        ended += bound > auto - 1e-6
        if words.seconds == 0:
            if bound <= auto - 1e-6:
                print(f"case {number}: auto {auto:g}, nothing below {bound:g}: {json.dumps(case)}")
            continue
        placements = ["loop"] if case["stages"] == 1 else ["loop", "v"]
        below = auto - 1  # costs are whole numbers
        found = [optimum(case, placement, below, words.seconds, words.workers) for placement in placements]
        best = min([value for value, _ in found if value is not None], default=auto)
        least = min(limit for _, limit in found)
        if bound > best + 1e-6:
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
    print(f"{words.cases} cases: its own search came to an end in {ended}")
    if words.seconds == 0:
        return
    print(f"CP-SAT: auto is the optimum in {equal}, slower in {slower}, not known of {open_cases}; bounds above an optimum: {wrong_bounds}")
    sys.exit(0 if equal >= 0.95 * words.cases and wrong_bounds == 0 else 1)


main()
