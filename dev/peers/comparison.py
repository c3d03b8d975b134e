#!/usr/bin/env python3
"""One of our engines by turns with its peers, each workload on a server of its own: medians of ratios, a table as docs/benchmarks.md has
it, and every run as JSON. What dev/bench-redis and dev/bench-etcd have in common."""
import argparse
import json
import os
import shlex
import subprocess

from peer_programs import ROOT, environment


class Engine:
    """What is measured: an engine by its URL's scheme, the servers it runs on, and the peers it runs beside."""

    def __init__(self, scheme, server, program, peers, workloads, columns):
        self.scheme, self.server, self.program = scheme, server, program
        self.peers, self.workloads, self.columns = peers, workloads, columns


def bench(engine, options, server, peer, workload):
    word, _, window = workload.partition(":")
    command = [
        options.lockstead, "bench", word, "--engine", server.url, "--rounds", str(options.rounds), "--json", "--peer",
        shlex.join(engine.program(peer, server)),
    ]
    done = subprocess.run(command + (["--window", window] if window else []), capture_output=True, text=True, env=environment())
    if done.returncode != 0:
        raise SystemExit(f"dev/bench-{engine.scheme}: {word} against {peer} ended with {done.returncode}: {done.stderr.strip()}")
    report = json.loads(done.stdout)
    # Neither ports nor folders of this run say anything.
    return dict(report, engine=f"{engine.scheme}://", peer=peer)


def median(figures):
    figures = sorted(figure for figure in figures if figure is not None)
    middle = len(figures) // 2
    if not figures:
        return None
    return figures[middle] if len(figures) % 2 else (figures[middle - 1] + figures[middle]) / 2


def within(summary, key):
    return summary and summary[key]


def figures_of(comparison):
    """What goals are stated in, as medians over the rounds."""
    ours, peers, ratios = comparison["ours"], comparison["peers"], comparison["ratios"]

    def each(figure):
        return [median(map(figure, side)) for side in (ours, peers)]

    return {
        "pairsPerSecond": each(lambda r: r["pairsPerSecond"]), "ratio": ratios.get("pairsPerSecond"),
        "acquireP99": each(lambda r: within(r.get("acquire"), "p99")), "acquireP99Ratio": ratios.get("acquireP99"),
        "handOverP50": each(lambda r: within(r.get("handOver"), "p50")), "handOverP50Ratio": ratios.get("handOverP50"),
        "handOverP99": each(lambda r: within(r.get("handOver"), "p99")), "handOverP99Ratio": ratios.get("handOverP99"),
        "fairness": each(lambda r: r["fairness"]), "commands": median(r.get("commandsPerPair") for r in ours),
        "processorPerPair": each(lambda r: r.get("processorPerPair")),
        "failures": [sum(r["failures"] for r in side) for side in (ours, peers)],
        "violations": sum(r["violations"] for r in ours + peers),
        "load": [min(min(r["load"]) for r in ours + peers), max(max(r["load"]) for r in ours + peers)],
    }


def written(figure, scale=1, places=2):
    return "–" if figure is None else f"{figure * scale:,.{places}f}"


def both(key, scale=1, places=2):
    return lambda figures: " / ".join(written(figure, scale, places) for figure in figures[key])


def one(key):
    return lambda figures: written(figures[key])


# Titles, and what stands below them.
SPEED = [("Pairs/s, ours / its", both("pairsPerSecond", places=0)), ("Ratio", one("ratio"))]
WAIT = [("Wait p99 ms", both("acquireP99", 1e3)), ("Ratio", one("acquireP99Ratio"))]
HAND_OVER_P50 = [("Hand-over p50 ms", both("handOverP50", 1e3)), ("Ratio", one("handOverP50Ratio"))]
HAND_OVER_P99 = [("Hand-over p99 ms", both("handOverP99", 1e3)), ("Ratio", one("handOverP99Ratio"))]
COST = [
    ("Jain", both("fairness", places=3)), ("Our commands", one("commands")), ("CPU µs/pair", both("processorPerPair", 1e6, 0)),
    ("Load", lambda figures: "–".join(f"{load:.1f}" for load in figures["load"])),
]


def line(cells):
    return f"| {' | '.join(cells)} |"


def measure(engine, options, peer):
    found, reports = {}, []
    for workload in options.workloads.split(","):
        with engine.server() as server:
            report = bench(engine, options, server, peer, workload)
        reports.append(report)
        comparison = report["comparisons"][0]
        name, figures = comparison["workload"], figures_of(comparison)
        found[name] = figures
        print(line([f"`{name}`", peer, *(cell(figures) for _, cell in engine.columns)]), flush=True)
    if options.out:
        os.makedirs(options.out, exist_ok=True)
        with open(os.path.join(options.out, f"{engine.scheme}-{peer}.json"), "w", encoding="utf-8") as file:
            for report in reports:
                file.write(json.dumps(report, sort_keys=True) + "\n")
    return found


def compare(engine, description):
    """Measures what the command line asks for, prints the table, and its figures as one line of JSON at the end."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--peers", default=engine.peers)
    parser.add_argument("--workloads", default=engine.workloads)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out")
    parser.add_argument("--lockstead", default=os.path.join(ROOT, ".build", "release", "lockstead"))
    options = parser.parse_args()
    titles = ["Workload", "Peer", *(title for title, _ in engine.columns)]
    print(line(titles))
    print(line(["---"] * len(titles)))
    found = {peer: measure(engine, options, peer) for peer in options.peers.split(",")}
    print(json.dumps(found))
