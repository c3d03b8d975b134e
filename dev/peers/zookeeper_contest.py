#!/usr/bin/env python3
"""A ZooKeeper server that clients of ours and of another library share a lock on, and what its own log of transactions says of them."""
import glob
import os
import re
import subprocess

from peer_programs import zookeeper_program
from zookeeper_server import JARS, ZooKeeperServer

OURS, THEIRS = "ours", "theirs"
CREATED = re.compile(r" create\w* (?P<path>[^,]*),(?P<data>[^,]*),")
DELETED = re.compile(r" delete '?(?P<path>.*)$")
CLOSED = re.compile(r" closeSession v\{(?P<paths>.*)\}")
WRITTEN = re.compile(r" setData '?(?P<path>[^,]*),")
SEQUENCE = re.compile(r"(?:lock-|__lock__|__rlock__|__WRIT__|__READ__)(-?\d{9,10})$")

READING = re.compile(r"(?:__READ__|__rlock__)-?\d+$")


class ZooKeeperContest(ZooKeeperServer):
    # kazoo-curator: both on Curator's layout. Of a lock for readers and writers one client alone reads, of theirs or of ours.
    PEERS = ["curator", "kazoo", "kazoo-curator", "curator-reads", "curator-writes", "kazoo-reads", "kazoo-writes"]
    LAYOUTS = {"curator-reads": "curator-rw", "curator-writes": "curator-rw", "kazoo": "kazoo", "kazoo-reads": "kazoo",
               "kazoo-writes": "kazoo"}

    def __init__(self, peer, name):
        self.peer, self.name, self.our_name = peer, name, name

    @property
    def our_url(self):
        layout = self.LAYOUTS.get(self.peer)
        return self.url + (f"&layout={layout}" if layout else "")

    @property
    def we_read(self):
        return self.peer.endswith("-writes")

    def their_program(self):
        return zookeeper_program(self.peer, self)

    def start_recording(self):
        """Nothing to do: the server logs every transaction before it answers."""

    def judged(self):
        """What the server says, once all have ended."""
        judge = Judge("/" + self.name)
        for line in self.transactions():
            judge.transaction(line)
        judge.offences += [f"{path} is left over" for path in judge.queue if judge.queue[path] == OURS]
        return judge

    def transactions(self):
        files = glob.glob(os.path.join(self.folder, "data", "version-2", "log.*"))
        for file in sorted(files, key=lambda name: int(name.rsplit(".", 1)[1], 16)):
            command = ["java", "-cp", JARS, "org.apache.zookeeper.server.persistence.TxnLogToolkit", "-d", file]
            done = subprocess.run(command, capture_output=True, text=True)
            if "EOF reached" not in done.stdout:
                raise SystemExit(f"TxnLogToolkit cannot read {file}: {done.stdout[-200:]}{done.stderr[-200:]}")
            yield from done.stdout.splitlines()


class Judge:
    """Follows the queue through all transactions: whoever has the lowest number holds the lock."""

    def __init__(self, root):
        self.root = root + "/"
        # Side by path, in the order of creation, which is that of the numbers.
        self.queue = {}
        self.holder = None
        self.grants = {OURS: 0, THEIRS: 0}
        # Of ours, for reading.
        self.reads = 0
        self.offences = []

    def transaction(self, line):
        if found := CREATED.search(line):
            path = found["path"].lstrip("'")
            if path.startswith(self.root) and SEQUENCE.search(path):
                # Only ours says in its data who it is.
                self.queue[path] = OURS if found["data"].lstrip("#'").startswith("lockstead:1") else THEIRS
        elif found := DELETED.search(line):
            self.queue.pop(found["path"], None)
        elif found := CLOSED.search(line):
            for path in found["paths"].split(","):
                self.queue.pop(path.strip("'"), None)
        elif (found := WRITTEN.search(line)) and found["path"] in self.queue:
            self.offences.append(f"a contender of {self.queue[found['path']]} was written")
        elif " multi " in line and self.root in line:
            self.multi(line)
        first = next(iter(self.queue), None)
        if first not in (None, self.holder):
            self.grants[self.queue[first]] += 1
            self.reads += self.queue[first] == OURS and bool(READING.search(first))
        self.holder = first

    def multi(self, line):
        """Ours checks its nodes so, and changes nothing."""
        for part in line.split(" multi ", 1)[1].split(";"):
            word, _, rest = part.partition(":")
            if word == "delete":
                self.queue.pop(rest.split(";")[0].strip(), None)
            elif word not in ("check", "error", ""):
                self.offences.append(f"an unexpected transaction: {word}")
