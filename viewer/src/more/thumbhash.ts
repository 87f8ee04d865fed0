// Decoder of ThumbHash placeholders (format: https://evanw.github.io/thumbhash/): a few cosine terms
// of luminance L, of two colour differences P (yellow to blue) and Q (red to green), and of alpha.

export interface Thumb {
  width: number;
  height: number;
  /** Straight, not premultiplied. */
  rgba: Uint8ClampedArray<ArrayBuffer>;
}

interface Channel {
  mean: number;
  terms: { x: number; y: number; weight: number }[];
}

const LONG_SIDE = 32;
// Colour is stored a little too pale, because quantizing would else make it too strong.
const COLOUR_BOOST = 1.25;

/** Paints a hash, given in base64, 32 pixels on its long side. */
export function decodeThumbhash(hash: string): Thumb {
  const bits = bitReader(Uint8Array.from(atob(hash), (letter) => letter.charCodeAt(0)));
  const lMean = bits(6) / 63;
  const pMean = bits(6) / 31.5 - 1;
  const qMean = bits(6) / 31.5 - 1;
  const lScale = bits(5) / 31;
  const hasAlpha = bits(1);
  const shortTerms = bits(3);
  const pScale = (bits(6) / 63) * COLOUR_BOOST;
  const qScale = (bits(6) / 63) * COLOUR_BOOST;
  const landscape = bits(1);
  const aMean = hasAlpha ? bits(4) / 15 : 1;
  const aScale = hasAlpha ? bits(4) / 15 : 0;
  const longTerms = hasAlpha ? 5 : 7;
  const across = landscape ? longTerms : shortTerms;
  const down = landscape ? shortTerms : longTerms;

  const l = readChannel(bits, lMean, lScale, Math.max(3, across), Math.max(3, down));
  const p = readChannel(bits, pMean, pScale, 3, 3);
  const q = readChannel(bits, qMean, qScale, 3, 3);
  const a = readChannel(bits, aMean, aScale, hasAlpha ? 5 : 0, 5);

  const ratio = across / down || 1;
  const width = Math.round(LONG_SIDE * Math.min(1, ratio));
  const height = Math.round(LONG_SIDE / Math.max(1, ratio));
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      const [lum = 0, yellow = 0, red = 0, alpha = 0] = [l, p, q, a].map((channel) =>
        valueAt(channel, x, y, width, height),
      );
      const blue = lum - (2 / 3) * yellow;
      const r = (3 * lum - blue + red) / 2;
      // Truncated, not rounded, as other decoders do.
      rgba.set(
        [r, r - red, blue, alpha].map((share) => (255 * share) | 0),
        at,
      );
    }
  }
  return { width, height, rgba };
}

/** Reads little-endian groups of bits, lowest first; nibbles of the terms are such groups too. */
function bitReader(bytes: Uint8Array): (count: number) => number {
  let at = 0;
  return (count) => {
    let value = 0;
    for (let bit = 0; bit < count; bit++, at++) value |= (((bytes[at >> 3] ?? 0) >> (at & 7)) & 1) << bit;
    return value;
  };
}

/** The terms of a channel stand in rows, in the triangle below the line from (across, 0) to (0, down). */
function readChannel(
  bits: (count: number) => number,
  mean: number,
  scale: number,
  across: number,
  down: number,
): Channel {
  const terms = [];
  for (let y = 0; y < down; y++) {
    for (let x = y ? 0 : 1; x * down < across * (down - y); x++) {
      terms.push({ x, y, weight: (bits(4) / 7.5 - 1) * scale });
    }
  }
  return { mean, terms };
}

function valueAt({ mean, terms }: Channel, x: number, y: number, width: number, height: number): number {
  let value = mean;
  for (const term of terms) {
    const cosines =
      Math.cos((Math.PI / width) * (x + 0.5) * term.x) * Math.cos((Math.PI / height) * (y + 0.5) * term.y);
    value += term.weight * 2 * cosines;
  }
  return value;
}
