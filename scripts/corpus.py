#!/usr/bin/env python3
"""Decodes the images that other projects test with, and compares every pixel with libjpeg-turbo, libpng, libtiff and libwebp.

    make corpus        fetches the packages of corpus.toml into target/corpus, and writes benches/corpus.md

An image that is decoded has to be within 2 levels of what the reference decoder makes of it; any other is refused by name. Profiles and
orientation are taken out of the copies that are compared: what stands here is how samples are decoded, and how colours are converted is held by
tests of its own. Exits with 1 where an image differs.
"""
import collections
import concurrent.futures
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tomllib
import zipfile

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
WORK = os.path.join(ROOT, "target", "corpus")
DECODE = os.path.join(ROOT, "target", "debug", "examples", "decode")
REPORT = os.path.join(ROOT, "benches", "corpus.md")
LEVELS = 2
MAX_IMAGE_BYTES = 64 << 20
# Of a picture, compared at a time.
ROWS = 256
# Images whose pixels lie on disk together.
AT_A_TIME = 16
EXTENSIONS = {"jpeg": "jpg", "png": "png", "tiff": "tif", "webp": "webp"}


def kind_of(data):
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "tiff"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    return None


# Packages.

def fetch_pypi(name, version, folder):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*command, "--dest", folder, f"{name}=={version}"], check=True, timeout=900)


def fetch_npm(name, version, folder):
    subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=folder, check=True, timeout=300, stdout=subprocess.DEVNULL)


def fetch_crates(name, version, folder):
    os.makedirs(os.path.join(folder, "src"))
    open(os.path.join(folder, "src", "lib.rs"), "w").close()
    with open(os.path.join(folder, "Cargo.toml"), "w") as manifest:
        manifest.write('[package]\nname = "corpus"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[dependencies]\n')
        manifest.write(f'"{name}" = {{ version = "={version}", default-features = false }}\n')
    command = ["cargo", "metadata", "--quiet", "--format-version", "1", "--manifest-path", os.path.join(folder, "Cargo.toml")]
    packages = json.loads(subprocess.run(command, check=True, timeout=900, capture_output=True).stdout)["packages"]
    source = next(os.path.dirname(package["manifest_path"]) for package in packages if package["name"] == name)
    shutil.copytree(source, os.path.join(folder, "source"))


def files_of(folder):
    """Every file below a folder, and in the archives there."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(parent, name)
            if name.endswith((".tar.gz", ".tgz")):
                with tarfile.open(path) as archive:
                    for entry in archive:
                        if entry.isfile() and entry.size <= MAX_IMAGE_BYTES:
                            yield entry.name, archive.extractfile(entry).read()
            elif name.endswith((".zip", ".whl")):
                with zipfile.ZipFile(path) as archive:
                    for entry in archive.infolist():
                        if entry.file_size <= MAX_IMAGE_BYTES:
                            yield entry.filename, archive.read(entry)
            elif os.path.getsize(path) <= MAX_IMAGE_BYTES:
                with open(path, "rb") as file:
                    yield os.path.relpath(path, folder), file.read()


def images_of(registry, name, version):
    """Fetches a package once, and gives its images as (name in the package, path)."""
    folder = os.path.join(WORK, registry, f"{name}-{version}")
    index = os.path.join(folder, "index.json")
    if not os.path.exists(index):
        shutil.rmtree(folder, ignore_errors=True)
        package = os.path.join(folder, "package")
        os.makedirs(package)
        {"pypi": fetch_pypi, "npm": fetch_npm, "crates": fetch_crates}[registry](name, version, package)
        listed = []
        for inside, data in files_of(package):
            kind = kind_of(data)
            if kind:
                path = os.path.join(folder, f"{len(listed):04}.{EXTENSIONS[kind]}")
                with open(path, "wb") as out:
                    out.write(data)
                listed.append((inside, path))
        shutil.rmtree(package)
        with open(index, "w") as out:
            json.dump(listed, out)
    with open(index) as file:
        return json.load(file)


# Copies without profile and orientation.

def jpeg_alone(data):
    out, at = bytearray(data[:2]), 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in (0xD9, 0xDA, 0xFF):
        end = at + 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
        if data[at + 1] not in (0xE1, 0xE2):
            out += data[at:end]
        at = end
    return bytes(out + data[at:])


def png_alone(data):
    out, at = bytearray(data[:8]), 8
    while at + 8 <= len(data):
        end = at + 12 + struct.unpack(">I", data[at:at + 4])[0]
        if data[at + 4:at + 8] not in (b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"eXIf"):
            out += data[at:end]
        at = end
    return bytes(out + data[at:])


def webp_alone(data):
    out, at = bytearray(), 12
    while at + 8 <= len(data):
        end = at + 8 + (struct.unpack("<I", data[at + 4:at + 8])[0] + 1) // 2 * 2
        if data[at:at + 4] == b"VP8X":
            out += data[at:at + 8] + bytes([data[at + 8] & ~0x2C]) + data[at + 9:end]
        elif data[at:at + 4] not in (b"ICCP", b"EXIF", b"XMP "):
            out += data[at:end]
        at = end
    return b"RIFF" + struct.pack("<I", len(out) + 4) + b"WEBP" + bytes(out)


def tiff_alone(data):
    """The first directory of a plain TIFF with its profile under a number that has no meaning, and without a turn."""
    order = "<" if data[:2] == b"II" else ">"
    if struct.unpack(order + "H", data[2:4])[0] != 42:
        return data
    out = bytearray(data)
    directory = struct.unpack(order + "I", data[4:8])[0]
    if directory + 2 > len(data):
        return data
    for entry in range(struct.unpack(order + "H", data[directory:directory + 2])[0]):
        at = directory + 2 + 12 * entry
        if at + 12 > len(data):
            break
        tag = struct.unpack(order + "H", data[at:at + 2])[0]
        if tag == 274:
            out[at + 8:at + 10] = struct.pack(order + "H", 1)
        elif tag in (301, 318, 319, 34675):
            out[at:at + 2] = struct.pack(order + "H", 65000)
    return bytes(out)


ALONE = {"jpeg": jpeg_alone, "png": png_alone, "webp": webp_alone, "tiff": tiff_alone}


# Pixels: straight RGBA, 8 bits.

def netpbm(data, transparent=None):
    """PPM, PGM or PAM, in which one colour may be transparent."""
    if data.startswith(b"P7"):
        header, pixels = data.split(b"ENDHDR\n", 1)
        fields = dict(line.split(None, 1) for line in header.split(b"\n")[1:] if line and not line.startswith(b"#"))
        width, height, depth, most = (int(fields[name]) for name in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"))
    else:
        kind, width, height, most, pixels = re.fullmatch(rb"(P[56])\s+(\d+)\s+(\d+)\s+(\d+)\s(.*)", data, re.DOTALL).groups()
        width, height, most, depth = int(width), int(height), int(most), 3 if kind == b"P6" else 1
    samples = numpy.frombuffer(pixels, ">u2" if most > 255 else "u1", width * height * depth)
    clear = (samples.reshape(height, width, depth)[..., :3] == transparent).all(2) if transparent else None
    if most != 255:
        samples = ((samples.astype(numpy.uint32) * 510 + most) // (2 * most)).astype(numpy.uint8)
    samples = samples.reshape(height, width, depth)
    if depth == 4 and clear is None:
        return samples
    out = numpy.full((height, width, 4), 255, numpy.uint8)
    out[..., :3] = samples[..., :3] if depth > 2 else samples[..., :1]
    if clear is not None:
        out[clear, 3] = 0
    elif depth == 2:
        out[..., 3] = samples[..., 1]
    return out


def tool(*command):
    """What a reference decoder writes; nothing where it gives up."""
    done = subprocess.run(command, capture_output=True, timeout=120)
    return done.stdout, done.returncode


def reference_jpeg(path):
    out, code = tool("djpeg", "-pnm", path)
    return netpbm(out) if code in (0, 2) and out else None


def reference_png(path):
    """pngtopam makes nothing of the transparent colour of a PNG in RGB."""
    out, code = tool("pngtopam", "-alphapam", path)
    with open(path, "rb") as file:
        data = file.read()
    entry = data.find(b"tRNS", 0, data.find(b"IDAT"))
    key = struct.unpack(">3H", data[entry + 4:entry + 10]) if entry > 0 and data[25] == 2 else None
    return netpbm(out, key) if code == 0 and out else None


def reference_webp(path):
    out, code = tool("dwebp", "-quiet", path, "-pam", "-o", "-")
    return netpbm(out) if code == 0 and out else None


def reference_tiff(path):
    """libtiff gives colours with alpha multiplied into them."""
    made = path + ".rgba"
    _, code = tool("tiff2rgba", "-c", "none", path, made)
    if not os.path.exists(made):
        return None
    with open(made, "rb") as file:
        data = file.read()
    os.remove(made)
    try:
        return rows_of_tiff(data) if code == 0 else None
    except (KeyError, ValueError, struct.error):
        # It ends well also where it has given up in the middle.
        return None


def rows_of_tiff(data):
    """An uncompressed TIFF of RGBA in strips or tiles, as tiff2rgba writes it: also in the order of bits that the original has."""
    order = "<" if data[:2] == b"II" else ">"
    directory = struct.unpack(order + "I", data[4:8])[0]
    fields = {}
    for entry in range(struct.unpack(order + "H", data[directory:directory + 2])[0]):
        at = directory + 2 + 12 * entry
        tag, form, count = struct.unpack(order + "HHI", data[at:at + 8])
        letter = {3: "H", 4: "I"}.get(form)
        if letter:
            bytes_ = count * struct.calcsize(letter)
            start = at + 8 if bytes_ <= 4 else struct.unpack(order + "I", data[at + 8:at + 12])[0]
            fields[tag] = struct.unpack(f"{order}{count}{letter}", data[start:start + bytes_])
    width, height, samples = fields[256][0], fields[257][0], fields[277][0]
    if 322 in fields:
        across, down, offsets, lengths = fields[322][0], fields[323][0], fields[324], fields[325]
    else:
        across, down, offsets, lengths = width, min(fields[278][0], height), fields[273], fields[279]
    out = numpy.zeros((height, width, samples), numpy.uint8)
    columns = -(-width // across)
    for index, (offset, length) in enumerate(zip(offsets, lengths)):
        x, y = index % columns * across, index // columns * down
        part = numpy.frombuffer(data, "u1", length, offset)
        if fields.get(266) == (2,):
            part = numpy.packbits(numpy.unpackbits(part), bitorder="little")
        part = part[:len(part) // (across * samples) * across * samples].reshape(-1, across, samples)
        part = part[:height - y, :width - x]
        out[y:y + len(part), x:x + part.shape[1]] = part
    return out


REFERENCE = {"jpeg": reference_jpeg, "png": reference_png, "webp": reference_webp, "tiff": reference_tiff}


def multiplied(pixels):
    out = pixels.astype(numpy.int32)
    out[..., :3] = (out[..., :3] * out[..., 3:] + 127) // 255
    return out


def farthest(ours, reference, kind):
    """The largest difference in levels. Colours count where they are seen."""
    if ours.shape[:2] != reference.shape[:2]:
        return f"{ours.shape[1]} x {ours.shape[0]} pixels and not {reference.shape[1]} x {reference.shape[0]}"
    farthest_row = 0
    for top in range(0, len(ours), ROWS):
        mine, theirs = multiplied(ours[top:top + ROWS]), reference[top:top + ROWS]
        theirs = theirs.astype(numpy.int32) if kind == "tiff" else multiplied(theirs)
        farthest_row = max(farthest_row, int(abs(mine[..., :theirs.shape[2]] - theirs).max()))
    return farthest_row


def decoded(pairs):
    lines = "".join(f"{path}\t{to}\n" for path, to in pairs)
    done = subprocess.run([DECODE], input=lines, capture_output=True, text=True, timeout=3600)
    answers = [line.split("\t", 2) for line in done.stdout.splitlines()]
    if done.returncode != 0 or len(answers) != len(pairs):
        sys.exit(f"The decoder ended at {pairs[min(len(answers), len(pairs) - 1)][0]}: {done.stderr[-500:]}")
    return answers


def compared(image):
    """One of: equal, differs, refused, unknown; and a sentence."""
    inside, path, (verdict, word, text), alone = image
    with open(path, "rb") as file:
        kind = kind_of(file.read(16))
    if verdict == "refused":
        reference = REFERENCE[kind](path)
        return inside, kind, "refused", word, text.replace(os.path.basename(path), os.path.basename(inside)), reference is not None
    pam = path + ".pam"
    if not os.path.exists(pam):
        return inside, kind, "differs", "", "the copy without profile is refused", True
    with open(pam, "rb") as file:
        ours = netpbm(file.read())
    reference = REFERENCE[kind](alone)
    for made in (pam, alone):
        os.remove(made)
    if reference is None:
        return inside, kind, "unknown", "", "the reference decoder gives up", False
    difference = farthest(ours, reference, kind)
    if isinstance(difference, int) and difference <= LEVELS:
        return inside, kind, "equal", "", "", True
    text = f"{difference} levels" if isinstance(difference, int) else difference
    return inside, kind, "differs", "", text, True


def checked(images):
    answers = decoded([(path, os.devnull) for _, path in images])
    jobs = []
    for (inside, path), answer in zip(images, answers):
        alone = path + ".alone." + path.rsplit(".", 1)[1]
        if answer[0] == "decoded":
            with open(path, "rb") as file:
                data = file.read()
            with open(alone, "wb") as out:
                out.write(ALONE[kind_of(data)](data))
        jobs.append((inside, path, answer, alone))
    decoded([(alone, path + ".pam") for _, path, answer, alone in jobs if answer[0] == "decoded"])
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(compared, jobs))


# The table.

def report(rows):
    total = collections.Counter()
    lines = [
        "# Images of other projects", "",
        "The images that other projects test with, decoded by Girasol and by libjpeg-turbo (`djpeg`), libpng (`pngtopam`), libtiff (`tiff2rgba`) and",
        "libwebp (`dwebp`). `make corpus` fetches the packages and writes this page. An image counts as equal where no channel of any pixel differs",
        "by more than 2 levels. Profiles and orientation are left out of the comparison; they have tests of their own.", "",
        "| package | images | equal | refused by name | of them read by the reference | only Girasol reads it | differ |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for (registry, name, version), results in rows:
        count = collections.Counter(result[2] for result in results)
        readable = sum(result[2] == "refused" and result[5] for result in results)
        numbers = [len(results), count["equal"], count["refused"], readable, count["unknown"], count["differs"]]
        total.update(dict(enumerate(numbers)))
        lines.append(f"| {name} {version} ({registry}) | " + " | ".join(map(str, numbers)) + " |")
    lines.append("| **all** | " + " | ".join(str(total[column]) for column in range(6)) + " |")
    every = [(package, *result) for package, results in rows for result in results]
    lines += ["", "## Refused, though the reference decoder gives a picture", "", "| kind | images | for example |", "|---|--:|---|"]
    kinds = collections.defaultdict(list)
    for package, inside, kind, verdict, word, text, readable in every:
        if verdict == "refused" and readable:
            name = os.path.basename(inside)
            reason = re.sub(r"\d+", "#", text.replace(name, "it"))
            kinds[(kind, reason)].append(f"`{package[1]}` {name}")
    for (kind, reason), names in sorted(kinds.items(), key=lambda item: (item[0][0], -len(item[1]), item[0][1])):
        lines.append(f"| {kind}: {reason.replace('|', '/')} | {len(names)} | {names[0]} |")
    lines += ["", "## Differences", ""]
    differences = [f"- `{package[1]}` {inside}: {text}" for package, inside, _, verdict, _, text, _ in every if verdict == "differs"]
    lines += differences or ["None."]
    with open(REPORT, "w") as out:
        out.write("\n".join(lines) + "\n")
    print("\n".join(lines))
    return total[5]


def main():
    with open(os.path.join(HERE, "corpus.toml"), "rb") as file:
        packages = [(registry, name, version) for registry, names in tomllib.load(file).items() for name, version in names.items()]
    only = sys.argv[1:]
    rows = []
    for package in packages:
        if not only or package[1] in only:
            print("Comparing", *package, file=sys.stderr, flush=True)
            images = images_of(*package)
            batches = (images[start:start + AT_A_TIME] for start in range(0, len(images), AT_A_TIME))
            rows.append((package, [result for batch in batches for result in checked(batch)]))
    sys.exit(1 if report(rows) else 0)


if __name__ == "__main__":
    main()
