#!/usr/bin/env python3
"""A redis-server of a script's own: on a free port of this machine alone, without persistence, gone at the end of a `with`."""
import os
import shutil
import subprocess
import tempfile

from own_server import free_port, wait_until


class RedisServer:
    def __enter__(self):
        self.folder, self.port, self.monitor = tempfile.mkdtemp(prefix="lockstead-redis-"), free_port(), None
        self.record = os.path.join(self.folder, "commands")
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder]
        self.process = subprocess.Popen(["redis-server", *arguments], stdout=subprocess.DEVNULL)
        wait_until(lambda: self.say("PING") == "PONG", "redis-server did not answer")
        return self

    def __exit__(self, *_):
        # Whoever starts us may have blocked the gentler signals, and there is nothing to keep.
        for process in (self.monitor, self.process):
            if process:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def say(self, *words):
        return subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True).stdout.strip()

    def start_recording(self):
        """From here on every command that the server carries out is a line of `record`, those inside of scripts too."""
        with open(self.record, "wb") as file:
            self.monitor = subprocess.Popen(["redis-cli", "-p", str(self.port), "monitor"], stdout=file)
        wait_until(lambda: os.path.getsize(self.record) > 0, "MONITOR said nothing")

    def stop_recording(self):
        """What was done before this call is in the record."""
        if not self.monitor:
            return
        self.say("ECHO", "the record is complete")
        with open(self.record, "rb") as file:
            wait_until(lambda: b"the record is complete" in self.tail(file), "MONITOR fell behind")
        self.monitor.kill()
        self.monitor.wait()
        self.monitor = None

    @staticmethod
    def tail(file):
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 4096))
        return file.read()

    def calls(self):
        """How often each command was carried out, by the server's own statistics."""
        lines = self.say("INFO", "commandstats").splitlines()
        pairs = [line.removeprefix("cmdstat_").split(":", 1) for line in lines if line.startswith("cmdstat_")]
        return {name: int(rest.split(",")[0].removeprefix("calls=")) for name, rest in pairs}
