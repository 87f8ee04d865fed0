"""The spin that is served."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SEQUENCE = "/api/products/customizable/ring.solitaire.metal-platinum/sequence"


def ring(binary):
    """A data folder with the sample ring, which is made once."""
    folder = ROOT / "target" / "serve" / "data"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        frames = ROOT / "fixtures" / "ring-platinum"
        choice = ["--product", "ring/solitaire", "--choice", "metal=platinum"]
        subprocess.run([binary, "ingest", frames, *choice, "--data", folder], check=True, stdout=subprocess.DEVNULL)
        (folder / "done").touch()
    return folder


def frames_and_packs(manifest):
    """The addresses of all frames, and of all packs."""
    frames, packs = set(), set()
    for tier in manifest["tiers"].values():
        for kind, of_format in tier["formats"].items():
            for pack in of_format["packs"]:
                packs.add(f"/p/{pack['pack']}.pack")
                frames |= {f"/s/{of_format['set']}/{degree:03}.{kind}" for degree in pack["degrees"]}
    return sorted(frames), sorted(packs)
