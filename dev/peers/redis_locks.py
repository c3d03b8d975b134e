#!/usr/bin/env python3
"""Runs one workload of `lockstead bench` with another library's lock on a Redis server, and prints what came of it as the same JSON.

usage: dev/peers/redis_locks.py --lock redis-py|python-redis-lock|raw|raw-majority --port PORT[,PORT…] --shape apart|shared|contended --clients N
           [--hold-ms MS] [--think-ms MS] [--window S] [--warm-up S] [--name NAME] [--witness FILE]

Each client is a process of its own with its own connection; `shared` is one process with N threads and one pool. `raw` is the loop that
people write by hand: SET NX PX, asked again every millisecond, and a compare-and-delete script; `raw-majority` is the same on several servers
at once (Redlock): all are written to before the first is read, a majority wins, and whoever has none gives all back. With --witness, a file that must not
exist is made in each critical section and removed at its end, so that clients of different programs watch each other.
"""
import argparse
import hashlib
import json
import mmap
import multiprocessing
import os
import random
import resource
import secrets
import struct
import threading
import time

import redis

LEASE_SECONDS = 8
PATIENCE_SECONDS = 30
RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"


def now():
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class RedisPy:
    def __init__(self, connection, name):
        self.lock = connection.lock(name, timeout=LEASE_SECONDS, blocking_timeout=PATIENCE_SECONDS, thread_local=False)

    def acquire(self):
        return self.lock.acquire()

    def release(self):
        self.lock.release()


class PythonRedisLock:
    def __init__(self, connection, name):
        import redis_lock

        self.make = lambda: redis_lock.Lock(connection, name, expire=LEASE_SECONDS)
        self.lock = None

    def acquire(self):
        # An object of this library stands for one holder, and is made anew for each; it refuses to wait for longer than it holds.
        self.lock = self.make()
        return self.lock.acquire(timeout=LEASE_SECONDS)

    def release(self):
        self.lock.release()


class Raw:
    def __init__(self, connection, name):
        self.connection, self.name, self.token = connection, name, None
        self.script = connection.register_script(RELEASE)

    def acquire(self):
        self.token = secrets.token_hex(16)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.connection.set(self.name, self.token, nx=True, px=LEASE_SECONDS * 1000):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        return True

    def release(self):
        if self.script(keys=[self.name], args=[self.token]) != 1:
            raise RuntimeError("the lock had another owner at its release")


class RawMajority:
    """The commands of Redlock and nothing else: each round is written to all nodes before the first answer is read."""

    def __init__(self, connections, name):
        self.nodes, self.name, self.token = [node.connection_pool.get_connection() for node in connections], name, None
        self.digest = hashlib.sha1(RELEASE.encode()).hexdigest()
        self.round("SCRIPT", "LOAD", RELEASE)

    def round(self, *words):
        for node in self.nodes:
            node.send_command(*words)
        return [node.read_response() for node in self.nodes]

    def acquire(self):
        self.token, deadline = secrets.token_hex(16), time.monotonic() + PATIENCE_SECONDS
        while True:
            taken = self.round("SET", self.name, self.token, "NX", "PX", LEASE_SECONDS * 1000)
            if sum(answer is not None for answer in taken) > len(self.nodes) // 2:
                return True
            self.free()
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001 + random.random() * 0.002)

    def free(self):
        return self.round("EVALSHA", self.digest, 1, self.name, self.token)

    def release(self):
        if sum(self.free()) <= len(self.nodes) // 2:
            raise RuntimeError("the lock had another owner at its release")


LOCKS = {"raw-majority": RawMajority, "redis-py": RedisPy, "python-redis-lock": PythonRedisLock, "raw": Raw}


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


def work(options, number, connection, name, witness, barrier):
    """Acquire, hold, release, think, until the window is over."""
    lock = LOCKS[options.lock](connection, name)
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


def connect(options):
    # By default an answer is waited for so shortly that python-redis-lock's own wait breaks.
    connections = [redis.Redis(port=int(port), socket_timeout=None) for port in options.port.split(",")]
    return connections if options.lock == "raw-majority" else connections[0]


def run_processes(options):
    barrier, answers = multiprocessing.Barrier(options.clients), multiprocessing.Queue()
    witnesses = [Witness(options.witness)] * options.clients
    if options.shape == "apart":
        witnesses = [Witness(None) for _ in range(options.clients)]

    def client(number):
        name = name_of(options, number)
        answers.put(work(options, number, connect(options), name, witnesses[number], barrier))

    processes = [multiprocessing.Process(target=client, args=(number,)) for number in range(options.clients)]
    for process in processes:
        process.start()
    tallies = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    return tallies, sum(witness.violations for witness in {id(w): w for w in witnesses}.values())


def run_threads(options):
    connection, barrier, tallies = connect(options), threading.Barrier(options.clients), []

    def client(number):
        witness = Witness(None)
        tallies.append(work(options, number, connection, name_of(options, number), witness, barrier))

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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lock", choices=LOCKS, required=True)
    parser.add_argument("--port", required=True, help="several for raw-majority, with commas between")
    parser.add_argument("--workload", default="")
    parser.add_argument("--shape", choices=["apart", "shared", "contended"], required=True)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--hold-ms", type=float, default=0)
    parser.add_argument("--think-ms", type=float, default=0)
    parser.add_argument("--window", type=float, default=5)
    parser.add_argument("--warm-up", type=float, default=1)
    parser.add_argument("--name", default=f"peer-bench-{os.getpid()}")
    parser.add_argument("--witness")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    tallies, violations = run_threads(options) if options.shape == "shared" else run_processes(options)
    print(json.dumps(report(options, tallies, violations, load)))


if __name__ == "__main__":
    main()
