#!/usr/bin/env python3
"""How the ranking of schedules changes with the network that links the ranks: the question of arXiv 2605.24006, asked
of this program's simulator, and some of the answers measured by emulation.

usage: scripts/networks.py [--program PATH] [--ranks P] [--microbatches M] [--hosts N] [--bytes N] [--costs F,I,W]
                           [--emulate NETWORK]... [--steps N]
Every schedule is simulated over every network below, with costs in milliseconds on a rank and messages of so many
bytes between ranks that are shared out over N hosts. A table shows the step of each, and its place among them. Then the
networks of --emulate (none, or "all") are emulated: ranks wait where they would compute, messages arrive when the
network would bring them, and the measured step stands beside the simulated one; "work" is how long ranks were at work
over what they were asked for, near 1 unless other programs had the cores. Needs mpirun for that alone.
"""
import argparse
import json
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent.parent
# Schedules with their stages on each rank.
SCHEDULES = [("gpipe", 1), ("1f1b", 1), ("interleaved", 2), ("interleaved", 4), ("zb-h1", 1), ("interleaved-zb", 2), ("zbv", 2),
             ("hanayo", 2), ("hanayo", 4), ("chimera", 1), ("bitpipe", 2)]
# Links within a host and between two; rates as vendors give them, latencies as MPI's benchmarks find them.
NETWORKS = {
    "free": "within=0us",
    "one host": "within=1us+10GB/s",
    "100 Gbit/s": "within=1us+10GB/s,between=3us+12.5GB/s,hosts={hosts}",
    "25 Gbit/s": "within=1us+10GB/s,between=10us+3.125GB/s,hosts={hosts}",
    "10 Gbit/s": "within=1us+10GB/s,between=30us+1.25GB/s,hosts={hosts}",
    "1 Gbit/s": "within=1us+10GB/s,between=50us+125MB/s,hosts={hosts}",
    "wide area": "within=1us+10GB/s,between=20ms+125MB/s,hosts={hosts}",
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=HERE / "build/app/pipetrain", type=pathlib.Path)
    parser.add_argument("--ranks", default=8, type=int)
    parser.add_argument("--microbatches", default=16, type=int)
    parser.add_argument("--hosts", default=4, type=int)
    parser.add_argument("--bytes", default=4 << 20, type=int)
    parser.add_argument("--costs", default="20,20,20")
    parser.add_argument("--emulate", default=[], action="append")
    parser.add_argument("--steps", default=3, type=int)
    return parser.parse_args()


def run(command, environment=None):
    done = subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr.strip() or f"{command[0]} ended with {done.returncode}")
    return json.loads(done.stdout)


def options_of(stages, links, asked):
    return ["--ranks", asked.ranks, "--microbatches", asked.microbatches, "--virtual-stages", stages, "--message-bytes", asked.bytes,
            "--links", links.format(hosts=asked.hosts), "--format", "json"]


def simulated_ms(name, stages, links, asked):
    found = run([asked.program, "schedule", "--name", name, "--costs", asked.costs, *options_of(stages, links, asked)])
    return found["makespan_gradients_first"]


def precedence():
    """Before a command of ranks that sleep: they wake in time, whatever else runs, where that is allowed."""
    first = ["chrt", "--rr", "1"]
    return first if subprocess.run([*first, "true"], capture_output=True, check=False).returncode == 0 else []


def emulated(name, stages, links, asked):
    environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMP_NUM_THREADS": "1"}
    mpirun = [*precedence(), "mpirun", "--map-by", ":OVERSUBSCRIBE", "--bind-to", "none", "-np", asked.ranks, asked.program, "emulate"]
    return run([*mpirun, "--schedule", name, "--costs-ms", asked.costs, "--steps", asked.steps,
                *options_of(stages, links, asked)], environment)


def label(name, stages):
    return name if stages == 1 else f"{name}, v={stages}"


def table(steps):
    """Step in ms and place of each schedule, a column for each network."""
    print("| schedule | " + " | ".join(steps) + " |")
    print("| --- |" + " --- |" * len(steps))
    for row, (name, stages) in enumerate(SCHEDULES):
        cells = []
        for column in steps.values():
            place = 1 + sum(other < column[row] * (1 - 1e-9) for other in column)
            cells.append(f"{column[row]:.0f} ({place})")
        print(f"| {label(name, stages)} | " + " | ".join(cells) + " |")


def main():
    asked = arguments()
    names = list(NETWORKS) if asked.emulate == ["all"] else asked.emulate
    for name in names:
        if name not in NETWORKS:
            raise SystemExit(f"--emulate: found {name!r}, expected one of: {', '.join(NETWORKS)}")
    print(f"{asked.ranks} ranks on {asked.hosts} hosts, M={asked.microbatches}, F, I, W of {asked.costs} ms a rank, "
          f"messages of {asked.bytes / 1e6:.3g} MB: step in ms (place)\n")
    table({network: [simulated_ms(name, stages, links, asked) for name, stages in SCHEDULES] for network, links in NETWORKS.items()})
    for network in names:
        print(f"\nemulated over {network}: {NETWORKS[network].format(hosts=asked.hosts)}\n")
        print("| schedule | step simulated | measured | measured / simulated | work |\n| --- | --- | --- | --- | --- |")
        for name, stages in SCHEDULES:
            found = emulated(name, stages, NETWORKS[network], asked)
            print(f"| {label(name, stages)} | {1e3 * found['simulated_seconds']:.1f} ms | "
                  f"{1e3 * found['measured_seconds']:.1f} ms | {found['ratio']:.4f} | {found['work_ratio']:.4f} |", flush=True)


if __name__ == "__main__":
    main()
