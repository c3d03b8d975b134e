#!/usr/bin/env python3
"""What every server of a script's own needs: a free port of this machine alone, and to be waited for."""
import socket
import time


def free_port():
    with socket.socket() as candidate:
        candidate.bind(("127.0.0.1", 0))
        return candidate.getsockname()[1]


def wait_until(fact, what):
    deadline = time.monotonic() + 20
    while not fact():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} in 20 s")
        time.sleep(0.02)
