#!/usr/bin/env python3
"""Measures an engine beside a peer and judges it by its goals, for the scripts of dev/show. A goal that is missed is named, needs its reason in
docs/benchmarks.md, and a bound must hold all the same."""
import json
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def fail(name, why):
    print(f"FAIL {name}: {why}")
    sys.exit(1)


def measure(name, script, peer, workloads, rounds=3):
    """Builds the program, and gives the figures of each workload."""
    os.chdir(ROOT)
    if subprocess.run([os.path.join("dev", "setup")], stdout=subprocess.DEVNULL).returncode != 0:
        fail(name, "dev/setup")
    if subprocess.run(["dev/build", "-c", "release", "--product", "lockstead"], capture_output=True).returncode != 0:
        fail(name, "the build")
    done = subprocess.run(
        [os.path.join("dev", script), "--peers", peer, "--workloads", workloads, "--rounds", str(rounds)], capture_output=True, text=True)
    if done.returncode != 0:
        fail(name, done.stderr.strip())
    return json.loads(done.stdout.splitlines()[-1])[peer]


def reaches(figure, goal):
    """Figures above the goal are good, unless the goal is negative."""
    return figure >= goal if goal > 0 else figure <= -goal


def judge(name, found, goals, against, reason, also=()):
    """Prints the one line of a script.

    `goals` are what, figure, goal, and the bound that holds where the goal is missed; `reason` is the heading that explains misses.
    """
    loads = [figures["load"] for figures in found.values()]
    facts, missed = list(also), []
    for what, figure, goal, bound in goals:
        # One of the two made no pair at all, or handed nothing over, in one of the rounds.
        if figure is None:
            fail(name, f"no figure for {what}")
        fact = f"{what} {figure:.3g} (goal {'≥' if goal > 0 else '≤'} {abs(goal):g})"
        facts.append(fact)
        if not reaches(figure, goal):
            missed.append(what)
        if not reaches(figure, bound):
            fail(name, f"beyond what docs/benchmarks.md explains: {fact}")
    wrong = sum(figures["violations"] + figures["failures"][0] for figures in found.values())
    if wrong:
        fail(name, f"{wrong} violations and failures of ours")
    if missed and reason not in open("docs/benchmarks.md", encoding="utf-8").read():
        fail(name, f"no reason for {', '.join(missed)}")
    said = f"; MISSED, for reasons in docs/benchmarks.md: {', '.join(missed)}" if missed else ""
    load = f"load {min(low for low, _ in loads):.1f} to {max(high for _, high in loads):.1f}"
    print(f"PASS {name}: ratios to {against}: {'; '.join(facts)}; {load}{said}")
