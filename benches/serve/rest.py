"""What a server holds at rest: memory for each idle connection and each object in its cache.

    GIRASOL=target/release/girasol python3 -B benches/serve/rest.py [--write]
"""

import argparse
import json
import os
import resource
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path

from data import SEQUENCE, frames_and_packs, ring
from servers import Girasol
from table import write

CONNECTIONS = 10_000
# A peer has so many connections at most, and an address so many ports.
OF_AN_ADDRESS = 2_500
REQUEST = "GET {} HTTP/1.1\r\nhost: shop.example\r\n\r\n"


def main():
    wishes = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    wishes.add_argument("--write", action="store_true", help="write benches/serve.md")
    wishes = wishes.parse_args()
    binary = os.environ.get("GIRASOL") or sys.exit("usage: GIRASOL=BINARY python3 -B benches/serve/rest.py")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    data = ring(binary)

    def fresh(measure):
        """What comes of a server that has done nothing else: memory that was given back once hides what is taken next."""
        folder = Path(tempfile.mkdtemp(prefix="girasol-rest-"))
        girasol = Girasol(binary, folder, data)
        try:
            manifest = json.loads(girasol.fetch(SEQUENCE, {"accept-encoding": "identity"}).body)
            return measure(girasol, *frames_and_packs(manifest))
        finally:
            girasol.stop()
            shutil.rmtree(folder, ignore_errors=True)

    idle = f"each of {CONNECTIONS:,} idle connections"
    rows = [
        ("the server, which has answered one manifest", fresh(lambda girasol, frames, packs: girasol.memory()) / 2**20, "MiB"),
        ("each frame and pack in memory, beside its bytes", fresh(per_object) / 1000, "kB"),
        (f"{idle} that has asked for nothing", fresh(lambda girasol, frames, packs: per_connection(girasol, None)) / 1000, "kB"),
        (f"{idle} that has had a frame", fresh(lambda girasol, frames, packs: per_connection(girasol, frames[0])) / 1000, "kB"),
        (f"{idle} that has had a pack", fresh(lambda girasol, frames, packs: per_connection(girasol, packs[0])) / 1000, "kB"),
    ]
    text = "\n".join(["| at rest | memory |", "|---|---:|", *(f"| {name} | {value:.1f} {unit} |" for name, value, unit in rows)])
    print(text)
    if wishes.write:
        write("rest", text)


def per_object(girasol, frames, packs):
    """Bytes for each frame and pack, beside its own."""
    before = girasol.memory()
    held = sum(len(girasol.fetch(path).body) for path in frames + packs)
    return (girasol.memory() - before - held) / len(frames + packs)


def per_connection(girasol, path):
    """Bytes for each of many connections, after they have all had the same answer, if any."""
    before, connections = girasol.memory(), []
    for n in range(CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", girasol.port), 20, (f"127.0.1.{1 + n // OF_AN_ADDRESS}", 0))
        connections.append(connection)
        if path:
            connection.sendall(REQUEST.format(path).encode())
            receive(connection)
    time.sleep(2)
    taken = girasol.memory() - before
    for connection in connections:
        connection.close()
    return taken / CONNECTIONS


def receive(connection):
    """Reads one answer with a length."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(1 << 16)
    head, _, body = received.partition(b"\r\n\r\n")
    left = int(next(line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))) - len(body)
    while left > 0:
        left -= len(connection.recv(1 << 16))


main()
