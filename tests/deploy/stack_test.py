"""What the Compose file makes of its parts, as processes on this machine: its settings, commands and cache, with moto for
the bucket and the tests' Postgres for the database. No engine is needed, and none is tested.
"""

import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

from common import BINARY, DEPLOY, ROOT, compose, environment, run, status
from varnish import Varnish

FRAMES = sorted((ROOT / "fixtures/ring-rose-gold").glob("*.webp"))[::3]
# Not a real signature: moto does not verify it.
SIGNATURE = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request"
# Small pictures: it is not the encoders that are tested here.
SMALL = {f"GIRASOL_SIZES__{family}__{kind}_PX": "64" for family in ("STILL", "SPIN", "HD") for kind in ("AVIF", "WEBP")}


class Stack(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="girasol-deploy-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.services = compose()["services"]

    def until_the_end(self, process):
        """Ends it before the folder goes; those that were started last end first."""

        def end():
            process.terminate()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()

        self.addCleanup(end)
        return process

    def helper(self, *command):
        """A server of the tests, which prints its address and ends when its standard input does."""
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdin.close)
        address = process.stdout.readline().strip()
        self.assertTrue(address, f"{command[0]} did not start")
        return address

    def redis(self):
        """The cache that servers share, with the arguments that it has in the Compose file."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [*self.services["redis"]["command"], "--bind", "127.0.0.1", "--port", str(port)]
        process = self.until_the_end(subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL))
        asked = ["redis-cli", "-p", str(port)]
        while subprocess.run([*asked, "ping"], capture_output=True, check=False).stdout != b"PONG\n":
            self.assertIsNone(process.poll(), "redis-server did not start")
            time.sleep(0.02)
        return f"redis://127.0.0.1:{port}", asked

    def start(self, service, made, listen="127.0.0.1:0"):
        """A service that stays, with a data folder of its own."""
        made = {**made, "GIRASOL_DATA": tempfile.mkdtemp(dir=self.folder), "GIRASOL_LISTEN": listen}
        command = self.services[service].get("command", ["serve"])
        log = (self.folder / f"{service}.log").open("w")
        self.addCleanup(log.close)
        process = subprocess.Popen([BINARY, *command], env=made, stdout=subprocess.PIPE, stderr=log, text=True)
        self.until_the_end(process)
        if command == ["serve"]:
            process.address = process.stdout.readline().split("http://")[1].split("/")[0]
        return process

    def installation(self):
        """Database, bucket, migration, two servers, and Varnish in front of them."""
        databases = self.helper(ROOT / "tests/postgres/server.sh")
        bucket = self.helper(os.environ["MOTO"], "-B", ROOT / "tests/bucket_server/start_moto.py")
        run("psql", "-Xq", "-c", "create database girasol", f"{databases}/postgres")
        self.assertEqual(status(f"{bucket}/spins", "PUT", {"Authorization": SIGNATURE}), 200)
        redis, self.ask_redis = self.redis()
        varnish = Varnish(self)

        settings = (DEPLOY / "compose/girasol.toml").read_text()
        for there, here in [
            ("http://s3:8333", bucket),
            ("redis://redis:6379", redis),
            ("http://varnish:8080", f"http://{varnish.at}"),
            ("172.30.60.0/24", "127.0.0.1"),
        ]:
            self.assertIn(there, settings)
            settings = settings.replace(there, here)
        (self.folder / "girasol.toml").write_text(settings)
        given = self.services["server-1"]["environment"]
        # As many sets as the load of a test opens.
        made = environment({**given, **SMALL, "GIRASOL_UPLOADS__KEY_MAX_OPEN_SETS": "1000000"})
        made["GIRASOL_CONFIG"] = str(self.folder / "girasol.toml")
        made["GIRASOL_DATABASE__URL"] = f"{databases}/girasol"
        made["GIRASOL_DATA"] = str(self.folder / "commands")

        run(BINARY, *self.services["migrate"]["command"], env=made)
        key = run(BINARY, "key", "create", "--role", "artist", "--label", "Ada", env=made).strip()
        servers = [self.start(name, made) for name in ("server-1", "server-2")]
        varnish.start(*(server.address for server in servers))
        return made, key, servers, varnish

    def test_what_an_artist_sends_to_two_servers_is_encoded_by_a_worker_and_served_by_the_server_that_is_left(self):
        made, key, servers, varnish = self.installation()
        for _ in range(self.services["worker"]["deploy"]["replicas"]):
            self.start("worker", made)

        def ask(path, body=None, method=None, headers=None):
            """An answer that Varnish gives to an artist."""
            content = json.dumps(body).encode() if isinstance(body, dict) else body
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **(headers or {})}
            request = urllib.request.Request(f"http://{varnish.at}{path}", content, headers, method=method)
            with urllib.request.urlopen(request, timeout=120) as response:
                return response.read()

        opened = ask("/api/framesets", {"product": "ring/solitaire", "choices": {"metal": "rose-gold"}})
        frameset = f"/api/framesets/{json.loads(opened)['id']}"
        for frame in FRAMES:
            # To one server, and to the other.
            ask(f"{frameset}/frames/{frame.name}", frame.read_bytes(), "PUT", {"Content-Type": "image/webp"})
        job = f"/api/jobs/{json.loads(ask(f'{frameset}/commit', method='POST'))['job']['id']}"
        # A stream that ends with the job.
        events = ask(f"{job}/events").decode()
        done = json.loads(ask(job))
        self.assertEqual(done["state"], "ready", events)
        sequence = f"/api/products/customizable/{done['configuration']}/sequence"
        self.assertEqual(status(f"http://{varnish.at}{sequence}"), 404)
        published = json.loads(ask(f"/api/sequences/{done['configuration']}/publish", {}))
        # The cache let the server purge it.
        self.assertEqual([purged["state"] for purged in published["purged"]], ["purged"], published)

        servers[0].kill()
        servers[0].wait()
        manifest = ask(sequence, headers={"Accept": "image/webp"}).decode()
        packs = set(re.findall(r'"pack":"([0-9a-f]+)"', manifest))
        self.assertGreater(len(packs), 2, manifest)
        for pack in packs:
            self.assertEqual(status(f"http://{varnish.at}/p/{pack}.pack"), 200, pack)
        self.assertIn("girasol:", run(*self.ask_redis, "keys", "*"))

    def test_servers_are_replaced_one_after_the_other_and_no_request_fails(self):
        made, key, servers, varnish = self.installation()
        failed, asked, over = [], [], threading.Event()

        def load(requests):
            """Writes of an artist and pages of visitors, all of which a server has to answer."""
            while not over.is_set():
                for path, method, body, wanted in requests:
                    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
                    try:
                        got = status(f"http://{varnish.at}{path}", method, headers, body)
                    except OSError as error:
                        got = error
                    asked.append(path)
                    if got != wanted:
                        failed.append((method, path, got))
                over.wait(0.02)

        opened = b'{"product": "ring/solitaire", "choices": {"metal": "platinum"}, "newChoices": true}'
        writes = [("/api/framesets", "POST", opened, 201), ("/api/framesets", "GET", None, 200)]
        # The cache asks a server each time whether it still has the script.
        reads = [("/girasol-spin.js", "GET", None, 200), ("/api/products/customizable/ring.none/configure", "POST", b"{}", 404)]
        threads = [threading.Thread(target=load, args=[requests]) for requests in (writes, reads)]
        for thread in threads:
            thread.start()
        try:
            for name, server in zip(("server-1", "server-2"), servers):
                server.terminate()
                self.assertEqual(server.wait(60), 0, name)
                self.start(name, made, server.address)
                self.until(lambda: len(varnish.sends_to()) == 4)
        finally:
            over.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failed, [])
        self.assertGreater(len(asked), 100)

    def until(self, holds):
        end = time.monotonic() + 60
        while not holds():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)


if __name__ == "__main__":
    unittest.main()
