#!/usr/bin/env python3
"""Locks of kazoo on a ZooKeeper server, for the workloads of dev/peers/workload.py.

usage: dev/peers/kazoo_locks.py --lock kazoo|kazoo-curator|kazoo-reads|kazoo-writes --server HOST:PORT --shape apart|shared|contended …

`kazoo` is its Lock as it is. `kazoo-curator` is the same with `-lock-` among its `extra_lock_patterns`, so that it queues with Curator's
contenders, too, as its documentation has it. `kazoo-writes` is its WriteLock; with `kazoo-reads` the first client has its ReadLock: one
alone, so that nobody but writers meets it.
"""
import time

from kazoo.client import KazooClient

from workload import LEASE_SECONDS, PATIENCE_SECONDS, parser, run

PATTERNS = {"kazoo": (), "kazoo-curator": ("-lock-",)}


class KazooLock:
    def __init__(self, client, name, kind, number):
        # An object of this library stands for one holder at a time, and may be used again once it has given back.
        if kind in PATTERNS:
            self.lock = client.Lock("/" + name, extra_lock_patterns=PATTERNS[kind])
        else:
            self.lock = (client.ReadLock if kind == "kazoo-reads" and number == 0 else client.WriteLock)("/" + name)

    def acquire(self):
        return self.lock.acquire(timeout=PATIENCE_SECONDS)

    def release(self):
        if not self.lock.release():
            raise RuntimeError("the lock was not held at its release")


def make(options):
    client = KazooClient(hosts=options.server, timeout=LEASE_SECONDS)
    client.start()
    # The session's own threads begin a moment later.
    time.sleep(0.1)
    return lambda name: KazooLock(client, name, options.lock, getattr(options, "number", None))


def main():
    options = parser(__doc__.splitlines()[0])
    options.add_argument("--lock", choices=[*PATTERNS, "kazoo-reads", "kazoo-writes"], required=True)
    options.add_argument("--server", required=True)
    run(options.parse_args(), make)


if __name__ == "__main__":
    main()
