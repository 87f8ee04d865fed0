"""Girasol, nginx and Varnish on the same files, each on one core and driven from another, and benches/serve.md.

    GIRASOL=target/release/girasol python3 -B benches/serve [--rounds N] [--seconds N] [--only WORD] [--write]

The three are driven in turn, round after round, so that whatever else the machine does meets all of them. What counts is the
CPU time of a server's processes for each request, which holds on a busy machine too.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from data import SEQUENCE, frames_and_packs, ring
from drive import Load
from servers import Girasol, Nginx, Varnish
from table import page, steady_page, write

# What browsers of a phone on a slow line, a phone, a desk, and one without hints send; and the codings that they take.
HINTS = [
    {"sec-ch-ua-mobile": "?1", "ect": "3g", "save-data": "on", "accept": "image/avif,image/webp,*/*"},
    {"sec-ch-ua-mobile": "?1", "ect": "4g", "downlink": "8.5", "rtt": "100", "accept": "image/avif,image/webp,*/*"},
    {"sec-ch-ua-mobile": "?0", "ect": "4g", "downlink": "10", "device-memory": "8", "accept": "image/avif,image/webp,*/*"},
    {"accept": "image/webp,*/*"},
]
CODINGS = ["gzip, deflate, br, zstd", "br", "gzip", "zstd", "identity"]
BROWSER = {
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "accept": "*/*",
    "accept-language": "en-GB,en;q=0.9",
    "accept-encoding": "gzip, deflate, br, zstd",
    "origin": "https://shop.example",
    "referer": "https://shop.example/",
    "sec-fetch-mode": "cors",
    "sec-fetch-site": "cross-site",
}


def main():
    wishes = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    wishes.add_argument("--rounds", type=int, default=5)
    wishes.add_argument("--seconds", type=int, default=3)
    wishes.add_argument("--only", default="", help="scenarios whose name has this word")
    wishes.add_argument("--write", action="store_true", help="write benches/serve.md")
    wishes = wishes.parse_args()
    binary = os.environ.get("GIRASOL") or sys.exit("usage: GIRASOL=BINARY python3 -B benches/serve")
    folder = Path(tempfile.mkdtemp(prefix="girasol-serve-"))
    folder.chmod(0o755)  # nginx reads it as another user
    servers = []
    try:
        girasol = Girasol(binary, folder, ring(binary))
        servers.append(girasol)
        files = folder / "files"
        scenarios = [s for s in all_scenarios(girasol, files) if wishes.only in s.name]
        nginx = Nginx(folder, files)
        servers.append(nginx)
        varnish = Varnish(folder, nginx)
        servers.append(varnish)
        results = {}
        for turn in range(wishes.rounds):
            for scenario in scenarios:
                for server in servers:
                    if turn == 0:
                        scenario.check(server)
                    result = scenario.drive(server, wishes.seconds)
                    results.setdefault(scenario.name, {}).setdefault(server.name, []).append(result)
            print(f"round {turn + 1} of {wishes.rounds}", file=sys.stderr)
        texts = {"figures": page(results)}
        if steady := [scenario for scenario in scenarios if scenario.is_one_file() and scenario.tool == "wrk"]:
            texts["steady"] = at_rate(steady, servers, results, wishes)
        for part, text in texts.items():
            print(text)
            if wishes.write:
                write(part, text)
    finally:
        for server in reversed(servers):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def at_rate(scenarios, servers, results, wishes):
    """The times of requests at 70 % of what the slower of Girasol and nginx can do, in each round."""
    times = {}
    for turn in range(wishes.rounds):
        for scenario in scenarios:
            peak = min(results[scenario.name][name][turn].rate for name in (Girasol.name, Nginx.name))
            for server in servers:
                seen = (0.7 * peak, *scenario.at_rate(server, wishes.seconds, 0.7 * peak))
                times.setdefault(scenario.name, {}).setdefault(server.name, []).append(seen)
    return steady_page(times)


def all_scenarios(girasol, files):
    """What is asked for, with the files that the others serve for it."""
    manifest = json.loads(girasol.fetch(SEQUENCE, {"accept-encoding": "identity"}).body)
    frames, packs = ({path: save(girasol, files, path) for path in paths} for paths in frames_and_packs(manifest))
    nearest = lambda paths, length: min(paths, key=lambda path: abs(paths[path] - length))
    frame, larger = nearest(frames, 4200), nearest(frames, 8000)
    half, pack = nearest(packs, 50_000), nearest(packs, 100_000)
    kb = lambda path, paths: f"{paths[path] / 1000:.1f} kB"
    etag = girasol.fetch(frame).headers["etag"]
    yield Load(f"frame of {kb(frame, frames)}", [(frame, BROWSER)])
    yield Load(f"frame of {kb(larger, frames)}", [(larger, BROWSER)])
    yield Load("100 frames by turns", [(path, BROWSER) for path in sorted(frames)[:100]])
    yield Load(f"pack of {kb(half, packs)}", [(half, BROWSER)])
    yield Load(f"pack of {kb(pack, packs)}", [(pack, BROWSER)])
    yield Load("range of 1 kB in a pack", [(pack, {**BROWSER, "range": "bytes=1000-1999"})], status=206)
    yield Load("the first frame, by h2load", [(frame, BROWSER)], tool="h2load")
    yield Load("304 of a frame", [(frame, {**BROWSER, "if-none-match": "ETAG"})], status=304, etag=etag)
    yield Load("404", [("/s/" + "0" * 32 + "/000.avif", BROWSER)], status=404)
    negotiated = []
    for hints in HINTS:
        for coding in CODINGS:
            headers = {**BROWSER, **hints, "accept-encoding": coding}
            negotiated.append((SEQUENCE, headers, f"/manifest-{len(negotiated)}"))
            save(girasol, files, SEQUENCE, headers, negotiated[-1][2])
    yield Load("negotiated manifest", negotiated)
    yield Load("negotiated manifest, br", [one for one in negotiated if one[1]["accept-encoding"] == "br"])
    yield Load("liveness", [("/api/health/live", BROWSER)])


def save(girasol, files, path, headers=None, name=None):
    """Makes a file of what Girasol answers, and answers its length."""
    body = girasol.fetch(path, headers or {}).body
    file = files / (name or path).lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(body)
    return len(body)


main()
