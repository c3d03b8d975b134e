#!/usr/bin/env python3
"""How each of the other libraries is started with a workload: the command, to which `lockstead bench` or dev/interop append theirs."""
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
INSTALLED = os.path.join(ROOT, ".build", "peers")
# Where Debian puts what Go programs are made of.
GO_LIBRARIES = "/usr/share/gocode"
# What Curator needs, with Debian's ZooKeeper.
JAVA_LIBRARIES = [
    f"/usr/share/java/{name}.jar" for name in (
        "curator-recipes", "curator-framework", "curator-client", "zookeeper", "zookeeper-jute", "guava", "slf4j-api",
        "slf4j-simple")
]


def environment():
    """What dev/setup brought from PyPI lies in a folder of the repository's own."""
    return dict(os.environ, PYTHONPATH=os.pathsep.join([INSTALLED, os.environ.get("PYTHONPATH", "")]))


def redis_program(peer, server):
    return [sys.executable, os.path.join(ROOT, "dev", "peers", "redis_locks.py"), "--lock", peer, "--port", str(server.port)]


def etcd_program(peer, server):
    if peer == "etcdctl":
        return [sys.executable, os.path.join(ROOT, "dev", "peers", "etcdctl_locks.py"), "--endpoint", server.authority]
    return [compiled("etcd-mutex", os.path.join(ROOT, "dev", "peers", "etcd_mutex")), "--endpoint", server.authority]


def zookeeper_program(peer, server):
    curator = {"curator": "mutex", "curator-reads": "read-write", "curator-writes": "write"}
    if peer in curator:
        folder = java_classes("curator-mutex", os.path.join(ROOT, "dev", "peers", "curator_mutex"))
        return ["java", "-Dorg.slf4j.simpleLogger.defaultLogLevel=off", "-cp", os.pathsep.join([folder, *JAVA_LIBRARIES]), "CuratorMutex",
                "--server", server.authority, "--lock", curator[peer]]
    return [sys.executable, os.path.join(ROOT, "dev", "peers", "kazoo_locks.py"), "--lock", peer, "--server", server.authority]


def java_classes(name, folder):
    """What the Java of a folder is compiled to; compiled where that has changed since."""
    classes = os.path.abspath(os.path.join(INSTALLED, name))
    sources = [os.path.join(folder, file) for file in sorted(os.listdir(folder))]
    mark = os.path.join(classes, "compiled")
    if os.path.exists(mark) and os.path.getmtime(mark) > max(map(os.path.getmtime, sources)):
        return classes
    try:
        done = subprocess.run(
            ["javac", "-d", classes, "-cp", os.pathsep.join(JAVA_LIBRARIES), *sources], capture_output=True, text=True)
    except FileNotFoundError:
        raise SystemExit("there is no javac; dev/setup installs it")
    if done.returncode != 0:
        raise SystemExit(f"javac {name}: {done.stderr.strip()}")
    with open(mark, "w", encoding="utf-8"):
        return classes


def compiled(name, folder):
    """The program of a folder with Go in it; compiled where that has changed since."""
    program = os.path.join(INSTALLED, name)
    newest = max(os.path.getmtime(os.path.join(folder, file)) for file in os.listdir(folder))
    if os.path.exists(program) and os.path.getmtime(program) > newest:
        return program
    os.makedirs(INSTALLED, exist_ok=True)
    # Debian has the libraries as sources for a GOPATH, and the compiler's cache is not to grow in anybody's home.
    settings = dict(os.environ, GO111MODULE="off", GOPATH=GO_LIBRARIES, GOCACHE=os.path.abspath(os.path.join(ROOT, ".build", "go")))
    unfinished = f"{program}-{os.getpid()}"
    try:
        done = subprocess.run(["go", "build", "-o", unfinished, "."], cwd=folder, env=settings, capture_output=True, text=True)
    except FileNotFoundError:
        raise SystemExit("there is no go; dev/setup installs it")
    if done.returncode != 0:
        raise SystemExit(f"go build {name}: {done.stderr.strip()}")
    os.replace(unfinished, program)
    return program
