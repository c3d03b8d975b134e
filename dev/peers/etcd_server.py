#!/usr/bin/env python3
"""A member of etcd of a script's own: on free ports of this machine alone, a cluster by itself, gone at the end of a `with`."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import threading

from own_server import free_port, wait_until

# No name of a lock ends in it.
END = "\x01end"
PATIENCE_SECONDS = 60


class EtcdServer:
    def __enter__(self):
        self.folder, self.port = tempfile.mkdtemp(prefix="lockstead-etcd-"), free_port()
        client, member = f"http://{self.authority}", f"http://127.0.0.1:{free_port()}"
        arguments = [
            "--name", "m0", "--data-dir", os.path.join(self.folder, "data"), "--listen-client-urls", client, "--advertise-client-urls",
            client, "--listen-peer-urls", member, "--initial-advertise-peer-urls", member, "--initial-cluster", f"m0={member}",
            "--logger", "zap", "--log-level", "error",
        ]
        self.process = subprocess.Popen(["etcd", *arguments], stdout=subprocess.DEVNULL)
        try:
            wait_until(self.serves, "etcd did not answer")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # Whoever starts us may have blocked the gentler signals, and there is nothing to keep.
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def authority(self):
        return f"127.0.0.1:{self.port}"

    @property
    def url(self):
        return f"etcd://{self.authority}"

    def command(self, *words):
        return ["env", "ETCDCTL_API=3", "etcdctl", "--endpoints", self.authority, *words]

    def say(self, *words):
        done = subprocess.run(self.command(*words), capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"etcdctl {words[0]}: {done.stderr.strip()}")
        return done.stdout

    def serves(self):
        """Whether it has a leader, and is not another program that was given the same port."""
        if self.process.poll() is not None:
            raise SystemExit(f"etcd ended with {self.process.returncode}")
        return subprocess.run(self.command("endpoint", "health"), capture_output=True).returncode == 0

    def keys(self):
        """All that there is."""
        answer = json.loads(self.say("get", "", "--prefix", "--keys-only", "--write-out", "json"))
        return [text(pair["key"]) for pair in answer.get("kvs", [])]

    def history(self, prefix):
        """Every event under a prefix since the server began, in its order: it keeps them all, unless somebody compacts it."""
        self.say("put", prefix + END, "")
        command = self.command("watch", prefix, "--prefix", "--rev", "1", "--write-out", "json")
        watch = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        patience = threading.Timer(PATIENCE_SECONDS, watch.kill)
        patience.start()
        try:
            for line in watch.stdout:
                for event in json.loads(line)["Events"]:
                    if text(event["kv"]["key"]) == prefix + END:
                        return
                    yield event
            raise SystemExit("etcdctl watch ended before the history did")
        finally:
            patience.cancel()
            watch.kill()
            watch.wait()


def text(encoded):
    """Keys and values are in base64."""
    return base64.b64decode(encoded).decode(errors="replace")
