"""tuspy sends a file in pieces to a server that is killed in between."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import urllib.request

from tusclient import client

BINARY = os.environ["GIRASOL"]
TURN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../fixtures/ring-rose-gold")


class Server:
    """The real server, that can be killed and started again."""

    def __init__(self, data):
        self.data = data
        self.listen = "127.0.0.1:0"
        self.start()

    def start(self):
        command = [BINARY, "serve", "--data", self.data, "--listen", self.listen]
        environment = {**os.environ, "GIRASOL_LOG__LEVEL": "warn"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        line = self.process.stdout.readline()
        self.listen = line.split("http://")[1].split("/")[0]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Tuspy(unittest.TestCase):
    """What a script in Python would do."""

    def test_files_arrive_though_the_server_is_killed_between_their_pieces(self):
        with tempfile.TemporaryDirectory(prefix="girasol-tuspy-") as data:
            create = [BINARY, "key", "create", "--role", "artist", "--data", data]
            key = subprocess.run(create, check=True, capture_output=True, text=True).stdout.strip()
            server = Server(data)
            self.addCleanup(server.kill)
            def ask(path, body=None):
                headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
                content = json.dumps(body).encode() if body is not None else None
                request = urllib.request.Request(f"http://{server.listen}{path}", content, headers)
                with urllib.request.urlopen(request) as response:
                    return json.load(response)

            frameset = ask("/api/framesets", {"product": "ring.solitaire", "choices": {"metal": "rose-gold"}})["id"]
            names = sorted(name for name in os.listdir(TURN) if name.endswith(".webp"))[:6]
            tus = client.TusClient(f"http://{server.listen}/api/uploads", headers={"Authorization": f"Bearer {key}"})
            for name in names:
                metadata = {"frameset": frameset, "filename": name}
                uploader = tus.uploader(os.path.join(TURN, name), chunk_size=30_000, metadata=metadata)
                uploader.upload_chunk()
                server.kill()
                server.start()
                uploader.upload()
            files = {file["name"]: file["digest"] for file in ask(f"/api/framesets/{frameset}")["files"]}
            self.assertEqual(sorted(files), names)
            for name, digest in files.items():
                with open(os.path.join(data, "incoming", frameset, "files", digest), "rb") as arrived:
                    with open(os.path.join(TURN, name), "rb") as sent:
                        self.assertEqual(arrived.read(), sent.read(), name)


if __name__ == "__main__":
    sys.exit(unittest.main())
