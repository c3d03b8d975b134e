#!/usr/bin/env python3
"""A Redis server that clients of ours and of another library share a lock on, and what every command that it carried out says of them."""
import re

from peer_programs import redis_program
from redis_server import RedisServer

WORD = re.compile(r'"((?:[^"\\]|\\.)*)"')
OURS, THEIRS = "ours", "theirs"


class RedisContest(RedisServer):
    PEERS = ["redis-py", "python-redis-lock", "raw"]

    def __init__(self, peer, name):
        self.peer, self.name = peer, name
        # python-redis-lock puts its locks under names of its own.
        self.our_name = name if peer != "python-redis-lock" else "lock:" + name

    @property
    def our_url(self):
        return self.url + "?share=foreign"

    def their_program(self):
        return redis_program(self.peer, self)

    def judged(self):
        """What the server says, once all have ended."""
        self.stop_recording()
        judge = Judge(self.our_name)
        with open(self.record, encoding="utf-8", errors="replace") as file:
            for text in file:
                judge.line(text)
        return judge


class Judge:
    """Follows one key through all commands: who holds it, until when, and who ends or changes it."""

    def __init__(self, name):
        self.name, self.marks = name, "{" + name + "}:fence"
        self.holder, self.until, self.caller = None, 0.0, None
        self.grants = {OURS: 0, THEIRS: 0}
        self.offences = []

    def line(self, text):
        head, _, rest = text.partition("] ")
        words = WORD.findall(rest)
        if not words:
            return
        at, source = float(head.split(" ", 1)[0]), head.rsplit(" ", 1)[-1]
        command = words[0].upper()
        if source != "lua":
            # A script of ours names the lock's other keys, too.
            self.caller = OURS if self.marks in words else THEIRS
            if command != "SET":
                return
        if len(words) > 1 and words[1] == self.name:
            self.key(at, command, words[2:])

    def key(self, at, command, arguments):
        if self.holder and at > self.until:
            self.holder = None
        if command == "SET":
            self.set(at, arguments)
        elif command in ("DEL", "UNLINK"):
            self.touch(command)
            self.holder = None
        elif command in ("PEXPIRE", "EXPIRE", "PERSIST", "GETSET", "GETDEL", "APPEND", "RENAME"):
            self.touch(command)

    def touch(self, command):
        if self.holder not in (None, self.caller):
            self.offences.append(f"{self.caller} did {command} while {self.holder} held the lock")

    def set(self, at, arguments):
        options = [word.upper() for word in arguments[1:]]
        if "NX" in options and self.holder:
            return
        self.touch("SET")
        self.grants[self.caller] += self.holder is None
        seconds = 0.001 if "PX" in options else 1
        span = options[options.index("PX" if "PX" in options else "EX") + 1]
        self.holder, self.until = self.caller, at + float(span) * seconds
