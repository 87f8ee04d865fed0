"""REDbot reads every public address, in each status that it has, and has nothing to say that matters."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from concurrent.futures import ThreadPoolExecutor

BINARY = os.environ.get("GIRASOL")
TURN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../fixtures/ring-rose-gold")
RING = "ring.solitaire.metal-rose-gold"

# What it may say, and why that stays.
ALLOWED = {
    # Fastly and older caches keep nothing of a request that had cookies or a key without it.
    "STORE_PUBLIC_UNNECESSARY",
    # Some shared caches have read one of the two only: `private` and `no-store` say it to both.
    "CC_CONFLICTING",
    # Without an edge set-up the answer depends on every hint that the policy reads; behind one it does not.
    "VARY_COMPLEX",
    # That is what was asked for.
    "STATUS_BAD_REQUEST",
}

SIZES = {f"GIRASOL_SIZES__{family}__{kind}_PX": "64" for family in ("STILL", "SPIN", "HD") for kind in ("AVIF", "WEBP")}


def read(url, headers):
    """The status of an answer and what REDbot warns of. In a process of its own: its event loop runs once."""
    from configparser import ConfigParser

    import thor
    from redbot.resource import HttpResource

    config = ConfigParser()
    config.read_dict({"redbot": {"enable_local_access": "True"}})
    resource = HttpResource(config["redbot"])
    resource.set_request(url, headers=headers)
    resource.on("check_done", thor.stop)
    resource.check()
    thor.run()
    notes = [note for note in resource.response.notes if note.level.value in ("warning", "bad")]
    return {"status": resource.response.status_code, "notes": [[type(note).__name__, str(note)] for note in notes]}


class Redbot(unittest.TestCase):
    """What an operator would run first."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="girasol-redbot-")
        self.addCleanup(folder.cleanup)
        for metal in ("rose-gold", "gone"):
            self.girasol(folder.name, "ingest", TURN, "--product", "ring/solitaire", "--choice", f"metal={metal}",
                         "--new-choice")
        self.girasol(folder.name, "take-down", "ring.solitaire.metal-gone", "--yes")
        serve = [BINARY, "serve", "--data", folder.name, "--listen", "127.0.0.1:0"]
        environment = {**os.environ, "GIRASOL_LOG__LEVEL": "warn"}
        server = subprocess.Popen(serve, stdout=subprocess.PIPE, text=True, env=environment)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.base = "http://" + server.stdout.readline().split("http://")[1].split("/")[0]

    @staticmethod
    def girasol(data, *arguments):
        command = [BINARY, *arguments, "--data", data]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, **SIZES})

    def test_no_public_answer_is_warned_of(self):
        """Nothing at `warning` or `bad`, but for what is allowed above."""
        product = "/api/products/customizable"
        sequence = f"{product}/{RING}/sequence"
        with urllib.request.urlopen(self.base + sequence) as response:
            manifest = json.load(response)
        rendition = manifest["tiers"]["preview"]["formats"]["webp"]
        frame, pack = f"/s/{rendition['set']}/000.webp", f"/p/{rendition['packs'][0]['pack']}.pack"
        addresses = [
            (200, f"{product}/ring/solitaire", []),
            (200, sequence, []),
            (200, f"{sequence}?tier=standard&frames=36&format=webp", []),
            (200, f"{product}/{RING}/status", []),
            (302, f"/m/{RING}/auto", []),
            (200, f"/m/{manifest['digest']}.json", []),
            (200, frame, []),
            (206, frame, [["Range", "bytes=0-9"]]),
            (200, pack, []),
            (206, pack, [["Range", "bytes=10-"]]),
            (416, pack, [["Range", "bytes=99999999-"]]),
            (200, f"/still/{RING}.jpg", []),
            (200, f"/still/{RING}.webp", []),
            (200, "/girasol-spin.js", []),
            (200, "/girasol-spin.more.js", []),
            (200, "/girasol-spin.words.js", []),
            (200, "/girasol-spin.classic.js", []),
            (200, "/girasol-sw.js", []),
            (200, "/api/health", []),
            (200, "/studio", []),
            (400, f"{sequence}?tier=ultra", []),
            (404, "/nothing", []),
            (404, f"{product}/ring.solitaire.metal-tin/sequence", []),
            (404, f"/s/{rendition['set']}/001.webp", []),
            (410, f"{product}/ring.solitaire.metal-gone/sequence", []),
            (410, "/still/ring.solitaire.metal-gone.jpg", []),
        ]
        with ThreadPoolExecutor(2) as pool:
            answers = pool.map(lambda address: self.ask(*address[1:]), addresses)
            for (status, path, headers), answer in zip(addresses, answers):
                with self.subTest(path=path, headers=headers):
                    self.assertEqual(answer["status"], status)
                    self.assertEqual([note for note in answer["notes"] if note[0] not in ALLOWED], [])

    def ask(self, path, headers):
        command = [sys.executable, "-W", "ignore", __file__, self.base + path, json.dumps(headers)]
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
        return json.loads(said.stdout)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(read(sys.argv[1], [tuple(header) for header in json.loads(sys.argv[2])])))
    else:
        unittest.main()
