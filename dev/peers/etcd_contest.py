#!/usr/bin/env python3
"""A member of etcd that clients of ours and of another program share a lock on, and what its own history says of them."""
from etcd_server import EtcdServer, text
from peer_programs import etcd_program

OURS, THEIRS = "ours", "theirs"
DELETED = 1


class EtcdContest(EtcdServer):
    PEERS = ["etcdctl", "mutex"]

    def __init__(self, peer, name):
        self.peer, self.name, self.our_name = peer, name, name

    @property
    def our_url(self):
        return self.url

    def their_program(self):
        return etcd_program(self.peer, self)

    def start_recording(self):
        """Nothing to do: etcd keeps its history by itself."""

    def judged(self):
        """What the server says, once all have ended."""
        judge = Judge()
        # Whoever has ended has taken along whatever it put there; a queue that somebody left a key in is closed until its lease ends.
        judge.offences += [f"{key!r} is left over" for key in self.keys()]
        for event in self.history(self.name + "/"):
            judge.event(event)
        return judge


class Judge:
    """Follows the queue through all revisions: whoever has the oldest key holds the lock."""

    def __init__(self):
        # Side by key, the oldest first: a key comes in at its end, and is put there once.
        self.queue = {}
        self.holder = None
        self.grants = {OURS: 0, THEIRS: 0}
        self.offences = []

    def event(self, event):
        key = text(event["kv"]["key"])
        if event.get("type") == DELETED:
            self.queue.pop(key, None)
        else:
            self.put(key, event["kv"])
        first = next(iter(self.queue), None)
        if first not in (None, self.holder):
            self.grants[self.queue[first]] += 1
        self.holder = first

    def put(self, key, pair):
        # Only ours says in its value who it is.
        side = OURS if pair.get("value") else THEIRS
        before = self.queue.setdefault(key, side)
        if before != side:
            self.offences.append(f"{side} overwrote the key of {before}")
        if not pair.get("lease"):
            self.offences.append(f"{side} put a key that no lease ends")
