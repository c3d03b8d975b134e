#!/usr/bin/env python3
"""Clients that take one lock by `etcdctl lock NAME COMMAND`, again and again, each time in a process of its own; what came of it as JSON.

usage: dev/peers/etcdctl_locks.py --endpoint HOST:PORT --shape contended --clients N --name NAME --witness FILE [--hold-ms MS]
           [--think-ms MS] [--window S] [--warm-up S]

The command is the critical section: it makes a file that must not be there, sleeps, and removes it.
"""
import argparse
import json
import os
import subprocess
import threading
import time

LEASE_SECONDS = 8
# $0 is the file, $1 for how long in seconds.
INSIDE = 'met=0; (set -C; : >"$0") 2>/dev/null || met=1; sleep "$1"; rm "$0" 2>/dev/null || met=1; echo "inside $met"'


def once(options):
    """One grant: whether nobody was met inside, or what went wrong instead."""
    command = [
        "etcdctl", "--endpoints", options.endpoint, "lock", "--ttl", str(LEASE_SECONDS), "--", options.name, "sh", "-c", INSIDE,
        options.witness, str(options.hold_ms / 1000),
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, ETCDCTL_API="3"))
    word, _, met = done.stdout.strip().partition(" ")
    if word != "inside" or done.returncode != 0:
        raise RuntimeError(f"etcdctl lock ended with {done.returncode}: {done.stderr.strip()}")
    return met == "0"


def work(options, tally):
    begin = time.monotonic() + options.warm_up
    end = begin + options.window
    while (asked := time.monotonic()) < end:
        try:
            alone = once(options)
        except Exception as error:
            tally["failures"] += asked >= begin
            tally["errors"].add(str(error))
            continue
        tally["violations"] += not alone
        tally["pairs"] += asked >= begin
        time.sleep(options.think_ms / 1000)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--shape", choices=["contended"], required=True)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--witness", required=True)
    parser.add_argument("--hold-ms", type=float, default=0)
    parser.add_argument("--think-ms", type=float, default=0)
    parser.add_argument("--window", type=float, default=5)
    parser.add_argument("--warm-up", type=float, default=1)
    options = parser.parse_args()
    tallies = [{"pairs": 0, "failures": 0, "violations": 0, "errors": set()} for _ in range(options.clients)]
    threads = [threading.Thread(target=work, args=(options, tally)) for tally in tallies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shares = [tally["pairs"] for tally in tallies]
    print(json.dumps({
        "pairs": sum(shares), "leastOfAClient": min(shares), "mostOfAClient": max(shares),
        "failures": sum(tally["failures"] for tally in tallies), "violations": sum(tally["violations"] for tally in tallies),
        "errors": sorted(set().union(*(tally["errors"] for tally in tallies))),
    }))


main()
