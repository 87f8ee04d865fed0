#!/usr/bin/env python3
"""Writes the JPEG files of this folder and, as PNG, what libjpeg-turbo makes of each: what `tests/jpeg.rs` compares with. A file without a PNG
of its name gives the same as `sampling-2x2`.

    python3 make.py        needs `cjpeg` and `djpeg` of libjpeg-turbo 2.1 or later (Debian: libjpeg-turbo-progs)
"""
import math
import os
import re
import struct
import subprocess
import tempfile
import zlib

WIDTH, HEIGHT = 61, 43
LARGE = 200, 160
FOLDER = os.path.dirname(os.path.abspath(__file__))


def picture():
    """Slopes of every colour under a ring with hard edges, as PPM."""
    rows = bytearray()
    for y in range(HEIGHT):
        for x in range(WIDTH):
            distance = math.hypot(x - 30, y - 21)
            ring = 12 < distance < 17
            rows += bytes((212, 175, 55) if ring else (x * 4, y * 5, 255 - x * 2 - y))
    return b"P6 %d %d 255\n" % (WIDTH, HEIGHT) + bytes(rows)


def large_picture():
    """A ring on a plain ground, whose light goes round: enough for scans of hundreds of bytes."""
    rows = bytearray()
    for y in range(LARGE[1]):
        for x in range(LARGE[0]):
            light = 0.6 + 0.4 * math.sin(math.atan2(y - 80, x - 100) * 7)
            is_ring = 40 < math.hypot(x - 100, y - 80) < 60
            rows += bytes(int(level * light) for level in (212, 175, 95)) if is_ring else bytes((250, 250, 250))
    return b"P6 %d %d 255\n" % LARGE + bytes(rows)


def run(program, *arguments, given):
    return subprocess.run([program, *arguments], input=given, capture_output=True, check=program == "cjpeg").stdout


def cjpeg(*arguments, scans=None, given=None):
    with tempfile.NamedTemporaryFile("w") as script:
        script.write(scans or "")
        script.flush()
        extra = ["-scans", script.name] if scans else []
        return run("cjpeg", *arguments, *extra, given=given or picture())


def png(pnm):
    kind, width, height, pixels = re.fullmatch(rb"(P[56])\s(\d+) (\d+)\s255\n(.*)", pnm, re.DOTALL).groups()
    width, height, channels = int(width), int(height), 3 if kind == b"P6" else 1
    rows = (pixels[y * width * channels:][:width * channels] for y in range(height))
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def segment(marker, content):
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def at(jpeg, marker):
    """Where the first segment with this marker begins; tables hold no byte of 0xff."""
    return jpeg.index(bytes([0xFF, marker]))


def without(jpeg, marker):
    while bytes([0xFF, marker]) in jpeg:
        start = at(jpeg, marker)
        end = start + 2 + struct.unpack(">H", jpeg[start + 2:start + 4])[0]
        jpeg = jpeg[:start] + jpeg[end:]
    return jpeg


def put(jpeg, offset, replacement):
    return jpeg[:offset] + replacement + jpeg[offset + len(replacement):]


def adobe(transform):
    return segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))


def component_ids(jpeg, ids):
    frame, scan = at(jpeg, 0xC0), at(jpeg, 0xDA)
    for index, component in enumerate(ids):
        jpeg = put(jpeg, frame + 10 + 3 * index, bytes([component]))
        jpeg = put(jpeg, scan + 5 + 2 * index, bytes([component]))
    return jpeg


def files():
    """Name, JPEG, and the JPEG that djpeg reads where it does not read the first."""
    plain = cjpeg("-quality", "90", "-sample", "2x2")
    rgb = cjpeg("-quality", "90", "-rgb")
    for sampling in ["1x1", "2x1", "1x2", "2x2", "3x1", "1x3", "4x1", "1x4", "4x2", "2x2,2x1,1x2"]:
        yield "sampling-" + sampling.replace(",", "-"), cjpeg("-quality", "90", "-sample", sampling), None
    yield "grey", cjpeg("-quality", "90", "-grayscale"), None
    yield "optimised", cjpeg("-quality", "100", "-optimize", "-sample", "1x1"), None
    yield "restarts", cjpeg("-quality", "90", "-restart", "1B"), None
    yield "progressive", cjpeg("-quality", "90", "-progressive"), None
    yield "progressive-refined", cjpeg("-quality", "90", "-progressive", given=large_picture()), None
    yield "arithmetic", cjpeg("-quality", "90", "-arithmetic"), None
    yield "arithmetic-progressive", cjpeg("-quality", "90", "-arithmetic", "-progressive"), None
    yield "scan-for-each-component", cjpeg("-quality", "90", "-sample", "2x2", scans="0;\n1;\n2;\n"), None
    yield "chroma-in-a-scan-of-its-own", cjpeg("-quality", "90", scans="0;\n1,2;\n"), None
    # Adobe's marker says RGB; JFIF's says YCbCr and counts for more.
    yield "rgb-by-adobe", rgb, None
    yield "jfif-and-adobe-0", plain[:20] + adobe(0) + plain[20:], None
    yield "adobe-1", without(plain, 0xE0)[:2] + adobe(1) + without(plain, 0xE0)[2:], None
    yield "adobe-of-an-unknown-transform", plain[:2] + adobe(3) + without(plain, 0xE0)[2:], None
    yield "no-markers", without(plain, 0xE0), None
    yield "rgb-by-component-ids", component_ids(without(rgb, 0xEE), b"RGB"), None
    yield "component-ids-from-0", component_ids(plain, bytes([0, 1, 2])), None
    yield "jfif-of-an-unknown-version", put(plain, 11, b"\2"), None
    yield "no-huffman-tables", without(plain, 0xC4), None
    scan = at(plain, 0xDA)
    yield "scan-header-of-zeros", put(plain, scan + 11, bytes(3)), None
    yield "bytes-between-segments", plain[:20] + b"\1\2\3" + plain[20:], None
    # The number of lines stands behind the first scan (T.81, B.2.5), which libjpeg-turbo does not look for.
    lines = segment(0xDC, struct.pack(">H", HEIGHT))
    yield "number-of-lines-behind", put(plain, at(plain, 0xC0) + 5, bytes(2))[:-2] + lines + b"\xff\xd9", plain


usual = png(run("djpeg", given=cjpeg("-quality", "90", "-sample", "2x2")))
for name, jpeg, readable in files():
    expected = png(run("djpeg", given=readable or jpeg))
    with open(os.path.join(FOLDER, name + ".jpg"), "wb") as out:
        out.write(jpeg)
    if expected != usual or name == "sampling-2x2":
        with open(os.path.join(FOLDER, name + ".png"), "wb") as out:
            out.write(expected)
