"""Turns for the artists of the harness: a ring with a stone that goes round, in a colour of its own for each set."""

import functools
import math
import struct
import zlib

SIDE = 160
LEVELS = 60


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@functools.cache
def shapes(index, count):
    """The compressed rows of one frame as numbers of colours: 0 is nothing, then the levels of the band and of the stone."""
    angle = 2 * math.pi * index / count
    stone = (SIDE / 2 + 45 * math.sin(angle), 62 + 14 * math.cos(angle))
    rows = bytearray()
    for y in range(SIDE):
        rows.append(0)
        for x in range(SIDE):
            band = math.hypot((x - SIDE / 2) / 48, (y - 88) / 34)
            light = 0.65 + 0.35 * math.cos((x - SIDE / 2) / 40 + angle)
            level = round(light * (LEVELS - 1))
            if math.hypot(x - stone[0], y - stone[1]) < 11:
                rows.append(1 + LEVELS + level)
            elif abs(band - 1) < 0.16:
                rows.append(1 + level)
            else:
                rows.append(0)
    return zlib.compress(bytes(rows))


def colour_of(number):
    """One of 27,000 colours, none of them dark."""
    number = number * 7919 % 27000
    return [105 + 5 * (number // 30**place % 30) for place in range(3)]


def frame(colour, index, count):
    """A PNG of 160 by 160 pixels. The colour stands in its palette alone, so that frames of many colours are drawn once."""
    palette = bytearray(3)
    for level in range(LEVELS):
        palette.extend(round(channel * level / (LEVELS - 1)) for channel in colour)
    for level in range(LEVELS):
        palette.extend((round(170 + 60 * level / (LEVELS - 1)), 225, 245))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 3, 0, 0, 0)
    parts = [(b"IHDR", header), (b"PLTE", bytes(palette)), (b"tRNS", b"\0"), (b"IDAT", shapes(index, count)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def turn(number, count=12):
    """The names and the bytes of the frames of a set."""
    colour = colour_of(number)
    return {f"{index:03}.png": frame(colour, index, count) for index in range(count)}
