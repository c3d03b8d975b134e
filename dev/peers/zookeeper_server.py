#!/usr/bin/env python3
"""A ZooKeeper server of a script's own: on a free port of this machine alone, gone at the end of a `with`."""
import os
import shutil
import socket
import subprocess
import tempfile

from own_server import free_port, wait_until

JARS = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar"
# As zoo.cfg comes; sessions last 4 to 40 s.
TICK_MS = 2000


class ZooKeeperServer:
    def __enter__(self):
        self.folder, self.port = tempfile.mkdtemp(prefix="lockstead-zookeeper-"), free_port()
        configuration = os.path.join(self.folder, "zoo.cfg")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(
                f"tickTime={TICK_MS}\ndataDir={self.folder}/data\nclientPort={self.port}\nclientPortAddress=127.0.0.1\n"
                "admin.enableServer=false\nmaxClientCnxns=0\n4lw.commands.whitelist=srvr\n")
        with open(os.path.join(self.folder, "log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["java", "-Xmx512m", "-cp", JARS, "org.apache.zookeeper.server.quorum.QuorumPeerMain", configuration],
                stdout=log, stderr=log)
        try:
            wait_until(self.serves, "ZooKeeper did not answer")
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
        return f"zookeeper://{self.authority}?tickTime={TICK_MS}ms"

    def serves(self):
        """Whether it serves, and is not another program that was given the same port."""
        if self.process.poll() is not None:
            raise SystemExit(f"ZooKeeper ended with {self.process.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                line.sendall(b"srvr")
                return b"Mode: " in line.recv(4096)
        except OSError:
            return False
