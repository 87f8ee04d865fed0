// Decoder of ThumbHash placeholders (format: https://evanw.github.io/thumbhash/): a few cosine terms of luminance L and of
// two colour differences, P (yellow to blue) and Q (red to green). Frames lie on a ground: their hashes have no alpha.

/** Pixels of a side: square, whatever the picture's sides are. CSS gives it those, as it does to a frame. */
const SIDE = 24;
const LONG_TERMS = 7;
// Colour is stored a little too pale, because quantizing would else make it too strong.
const COLOUR_BOOST = 1.25;

/** Paints a hash, given in base64. */
export function decodeThumbhash(hash: string): ImageData {
  const bytes = atob(hash);
  let at = 0;
  /** The next group of bits, lowest first; nibbles of the terms are such groups too. */
  const bits = (count: number) => {
    let value = 0;
    for (let bit = 0; bit < count; bit++, at++) value |= ((bytes.charCodeAt(at >> 3) >> (at & 7)) & 1) << bit;
    return value;
  };
  const lMean = bits(6) / 63;
  const pMean = bits(6) / 31.5 - 1;
  const qMean = bits(6) / 31.5 - 1;
  // The bit behind it tells of alpha.
  const lScale = (bits(6) & 31) / 31;
  const shortTerms = Math.max(3, bits(3));
  const pScale = (bits(6) / 63) * COLOUR_BOOST;
  const qScale = (bits(6) / 63) * COLOUR_BOOST;
  const isLandscape = bits(1);

  const wave = (waves: number) =>
    Array.from({ length: SIDE }, (_, index) => Math.cos((Math.PI / SIDE) * (index + 0.5) * waves));

  /** A channel's pixels. Its terms stand in rows, in the triangle below the line from (across, 0) to (0, down). */
  const channel = (mean: number, scale: number, across = 3, down = 3) => {
    const values = new Float32Array(SIDE * SIDE).fill(mean);
    for (let y = 0; y < down; y++)
      for (let x = y ? 0 : 1; x * down < across * (down - y); x++) {
        const weight = (bits(4) / 3.75 - 2) * scale;
        // Two cosines for each pixel would take a slow phone a tenth of a second.
        const [columns, rows] = [wave(x), wave(y)];
        for (const index of values.keys())
          values[index]! += weight * columns[index % SIDE]! * rows[(index / SIDE) | 0]!;
      }
    return values;
  };
  const l = channel(lMean, lScale, isLandscape ? LONG_TERMS : shortTerms, isLandscape ? shortTerms : LONG_TERMS);
  const p = channel(pMean, pScale);
  const q = channel(qMean, qScale);
  const image = new ImageData(SIDE, SIDE);
  l.forEach((lum, index) => {
    const blue = lum - p[index]! / 1.5;
    const red = (3 * lum - blue + q[index]!) / 2;
    image.data.set(
      [red, red - q[index]!, blue, 1].map((share) => 255 * share),
      4 * index,
    );
  });
  return image;
}
