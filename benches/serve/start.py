"""How soon a server answers its first request, by the number of configurations in its database.

    GIRASOL=target/release/girasol python3 -B benches/serve/start.py [--write]
"""

import argparse
import http.client
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from data import SEQUENCE, ring
from servers import free_port
from table import write

SIZES = [1_000, 1_000_000]
OF_A_PRODUCT = 20
STARTS = 9
WITHIN_S = 20

# Copies of the ring, by their number `i`: what changes in each table. Figures of frames are left out: at a million they would take gigabytes.
PRODUCT = f"'ring.p' || ((i - 1) / {OF_A_PRODUCT} + 1)"
ID = f"{PRODUCT} || '.metal-m' || ((i - 1) % {OF_A_PRODUCT} + 1)"
DIGEST = "printf('%032x', i)"
COPIES = [
    ("products", "true", {"id": "'ring.p' || i"}),
    ("configurations", "true", {"id": ID, "product_id": PRODUCT}),
    ("versions", "t.kind = 'full'", {"configuration_id": ID, "digest": DIGEST, "frames": "'[]'"}),
    ("objects", "t.id = 1", {"id": "1000000 + i", "key": f"'p/' || {DIGEST} || '.pack'"}),
    ("version_objects", "t.object_id = 1 and t.version = 2", {"configuration_id": ID, "object_id": "1000000 + i"}),
]


def main():
    wishes = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    wishes.add_argument("--write", action="store_true", help="write benches/serve.md")
    wishes = wishes.parse_args()
    binary = os.environ.get("GIRASOL") or sys.exit("usage: GIRASOL=BINARY python3 -B benches/serve/start.py")
    folder = Path(tempfile.mkdtemp(prefix="girasol-start-"))
    try:
        installations = {size: shutil.copytree(ring(binary), folder / str(size)) for size in SIZES}
        for size, data in installations.items():
            fill(data / "girasol.db", size)
        times = {size: [] for size in SIZES}
        for _ in range(STARTS):
            for size, data in installations.items():
                times[size].append(first_answer(binary, data))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    rows = [f"| {size:,} | {statistics.median(of_size) * 1000:.0f} | {max(of_size) * 1000:.0f} |" for size, of_size in times.items()]
    text = "\n".join(["| configurations | half of the starts, ms | all, ms |", "|---:|---:|---:|", *rows])
    print(text)
    if wishes.write:
        write("start", text)


def fill(file, size):
    """Adds copies of the configuration that is there."""
    database = sqlite3.connect(file)
    for table, which, changes in COPIES:
        columns = [row[1] for row in database.execute(f"pragma table_info({table})")]
        values = ", ".join(changes.get(column, f"t.{column}") for column in columns)
        most = size // OF_A_PRODUCT if table == "products" else size
        numbers = f"with recursive n(i) as (select 1 union all select i + 1 from n where i < {most})"
        database.execute(f"{numbers} insert into {table} select {values} from n, (select * from {table} t where {which} limit 1) t")
    database.execute("insert into popularity (configuration_id, product_id, heat) select id, product_id, rowid from configurations")
    database.execute("analyze")
    database.commit()
    database.close()


def first_answer(binary, data):
    """Seconds from the start of the process to the whole of its first answer, a negotiated manifest."""
    port = free_port()
    began = time.perf_counter()
    command = [binary, "serve", "--no-jobs", "--data", data, "--listen", f"127.0.0.1:{port}"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while time.perf_counter() - began < WITHIN_S:
            try:
                line = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)
                line.request("GET", SEQUENCE)
                answer = line.getresponse()
                answer.read()
                line.close()
                if answer.status == 200:
                    return time.perf_counter() - began
            except OSError:
                time.sleep(0.001)
        raise SystemExit("the server does not answer")
    finally:
        server.terminate()
        server.wait()


main()
