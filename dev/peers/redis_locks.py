#!/usr/bin/env python3
"""Locks of other libraries on Redis servers, for the workloads of dev/peers/workload.py.

usage: dev/peers/redis_locks.py --lock redis-py|python-redis-lock|raw|raw-majority --port PORT[,PORT…] --shape apart|shared|contended …

`raw` is the loop that people write by hand: SET NX PX, asked again every millisecond, and a compare-and-delete script; `raw-majority` is the
same on several servers at once (Redlock): all are written to before the first is read, a majority wins, and whoever has none gives all back.
"""
import hashlib
import random
import secrets
import time

import redis

from workload import LEASE_SECONDS, PATIENCE_SECONDS, parser, run

RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"


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


def make(options):
    # By default an answer is waited for so shortly that python-redis-lock's own wait breaks.
    connections = [redis.Redis(port=int(port), socket_timeout=None) for port in options.port.split(",")]
    connection = connections if options.lock == "raw-majority" else connections[0]
    return lambda name: LOCKS[options.lock](connection, name)


def main():
    options = parser(__doc__.splitlines()[0])
    options.add_argument("--lock", choices=LOCKS, required=True)
    options.add_argument("--port", required=True, help="several for raw-majority, with commas between")
    run(options.parse_args(), make)


if __name__ == "__main__":
    main()
