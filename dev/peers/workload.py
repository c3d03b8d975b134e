#!/usr/bin/env python3
"""Runs one workload of `lockstead bench` with a lock of another library for Python, and prints what came of it as the same JSON.

Options that all programs here have: --shape apart|shared|contended --clients N [--hold-ms MS] [--think-ms MS] [--window S] [--warm-up S]
[--name NAME] [--witness FILE]. Each client is a process of its own with its own connection; `shared` is one process with N threads and one
connection or pool. With --witness, a file that must not exist is made in each critical section and removed at its end, so that clients of
different programs watch each other.
"""
import argparse
import json
import mmap
import multiprocessing
import os
import resource
import struct
import threading
import time

LEASE_SECONDS = 8
PATIENCE_SECONDS = 30


def now():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Witness:
    """Who is inside, who was before, and since when it is free, in memory that all clients share."""

    FORM = struct.Struct("qqqq")

    def __init__(self, file):
        self.memory, self.file = mmap.mmap(-1, self.FORM.size), file
        self.memory[:] = self.FORM.pack(-1, -1, 0, 0)

    def enter(self, client):
        inside, last, released, violations = self.FORM.unpack(self.memory)
        violations += inside != -1
        if self.file:
            try:
                os.close(os.open(self.file, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                violations += 1
        self.memory[:] = self.FORM.pack(client, client, released, violations)
        return last == client, released

    def leave(self, client, at):
        inside, last, _, violations = self.FORM.unpack(self.memory)
        violations += inside != client
        if self.file:
            try:
                os.unlink(self.file)
            except FileNotFoundError:
                violations += 1
        self.memory[:] = self.FORM.pack(-1, last, at, violations)

    @property
    def violations(self):
        return self.FORM.unpack(self.memory)[3]


def work(options, number, lock, witness, barrier):
    """Acquire, hold, release, think, until the window is over."""
    tally = {"pairs": 0, "failures": 0, "retaken": 0, "acquire": [], "release": [], "handOver": [], "processor": 0.0}
    barrier.wait()
    begin = now() + int(options.warm_up * 1e9)
    end = begin + int(options.window * 1e9)
    used = None
    while (asked := now()) < end:
        if asked >= begin and used is None:
            used = processor()
        try:
            if not lock.acquire():
                tally["failures"] += asked >= begin
                continue
            granted = now()
            retaken, freed = witness.enter(number)
            if options.hold_ms:
                time.sleep(options.hold_ms / 1000)
            released = now()
            witness.leave(number, released)
            lock.release()
        except Exception as error:
            tally["failures"] += asked >= begin
            tally.setdefault("error", repr(error))
            continue
        if asked >= begin:
            tally["pairs"] += 1
            tally["retaken"] += retaken
            tally["acquire"].append(granted - asked)
            tally["release"].append(now() - released)
            if freed > asked and not retaken:
                tally["handOver"].append(granted - freed)
        if options.think_ms:
            time.sleep(options.think_ms / 1000)
    tally["processor"] = processor() - (used or 0.0)
    return tally


def processor():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def summary(nanoseconds):
    if not nanoseconds:
        return None
    ordered = sorted(nanoseconds)

    def at(share):
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1e9

    return {
        "count": len(ordered), "p50": at(0.5), "p99": at(0.99), "max": ordered[-1] / 1e9,
        "mean": sum(ordered) / len(ordered) / 1e9,
    }


def name_of(options, number):
    return options.name if options.shape == "contended" else f"{options.name}/{number}"


def run_processes(options, make):
    barrier, answers = multiprocessing.Barrier(options.clients), multiprocessing.Queue()
    witnesses = [Witness(options.witness)] * options.clients
    if options.shape == "apart":
        witnesses = [Witness(None) for _ in range(options.clients)]

    def client(number):
        # Each has its own copy: it is a process.
        options.number = number
        lock = make(options)(name_of(options, number))
        answers.put(work(options, number, lock, witnesses[number], barrier))

    processes = [multiprocessing.Process(target=client, args=(number,)) for number in range(options.clients)]
    for process in processes:
        process.start()
    tallies = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    return tallies, sum(witness.violations for witness in {id(w): w for w in witnesses}.values())


def run_threads(options, make):
    on_one, barrier, tallies = make(options), threading.Barrier(options.clients), []

    def client(number):
        witness = Witness(None)
        tallies.append(work(options, number, on_one(name_of(options, number)), witness, barrier))

    used = processor()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(options.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Threads share one account.
    for tally in tallies:
        tally["processor"] = 0.0
    tallies[0]["processor"] = processor() - used
    return tallies, 0


def report(options, tallies, violations, load_before):
    shares = [tally["pairs"] for tally in tallies]
    pairs, squares = sum(shares), sum(share * share for share in shares)

    def together(key):
        return summary([value for tally in tallies for value in tally[key]])

    return {
        "workload": options.workload or options.shape, "clients": options.clients, "window": options.window,
        "pairs": pairs, "pairsPerSecond": pairs / options.window, "acquire": together("acquire"),
        "release": together("release"), "handOver": together("handOver"),
        "fairness": pairs * pairs / (len(shares) * squares) if squares else 1,
        "leastOfAClient": min(shares), "mostOfAClient": max(shares),
        "retaken": sum(t["retaken"] for t in tallies) / pairs if pairs and options.shape == "contended" else None,
        "failures": sum(t["failures"] for t in tallies), "violations": violations,
        "errors": sorted({t["error"] for t in tallies if "error" in t}),
        "processorPerPair": sum(t["processor"] for t in tallies) / pairs if pairs else None,
        "load": [load_before, os.getloadavg()[0]], "processors": os.cpu_count(),
    }


def parser(description):
    """What every such program is told; the caller adds what is its own."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--workload", default="")
    parser.add_argument("--shape", choices=["apart", "shared", "contended"], required=True)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--hold-ms", type=float, default=0)
    parser.add_argument("--think-ms", type=float, default=0)
    parser.add_argument("--window", type=float, default=5)
    parser.add_argument("--warm-up", type=float, default=1)
    parser.add_argument("--name", default=f"peer-bench-{os.getpid()}")
    parser.add_argument("--witness")
    return parser


def run(options, make):
    """Runs the workload and prints what came of it.

    `make(options)` connects, and gives what makes a lock of a name: an object with acquire(), which tells whether it got it, and release().
    """
    load = os.getloadavg()[0]
    tallies, violations = run_threads(options, make) if options.shape == "shared" else run_processes(options, make)
    print(json.dumps(report(options, tallies, violations, load)))
