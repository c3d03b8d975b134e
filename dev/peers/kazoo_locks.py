#!/usr/bin/env python3
"""Locks of kazoo on a ZooKeeper server, for the workloads of dev/peers/workload.py.

usage: dev/peers/kazoo_locks.py --lock kazoo|kazoo-curator --server HOST:PORT --shape apart|shared|contended …

`kazoo` is its Lock as it is. `kazoo-curator` is the same with `-lock-` among its `extra_lock_patterns`, so that it queues with Curator's
contenders, too, as its documentation has it.
"""
import time

from kazoo.client import KazooClient

from workload import LEASE_SECONDS, PATIENCE_SECONDS, parser, run

PATTERNS = {"kazoo": (), "kazoo-curator": ("-lock-",)}


class KazooLock:
    def __init__(self, client, name, patterns):
        # An object of this library stands for one holder at a time, and may be used again once it has given back.
        self.lock = client.Lock("/" + name, extra_lock_patterns=patterns)

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
    return lambda name: KazooLock(client, name, PATTERNS[options.lock])


def main():
    options = parser(__doc__.splitlines()[0])
    options.add_argument("--lock", choices=PATTERNS, required=True)
    options.add_argument("--server", required=True)
    run(options.parse_args(), make)


if __name__ == "__main__":
    main()
