import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeThumbhash } from "./thumbhash";

// Node has none.
globalThis.ImageData = class {
  data: Uint8ClampedArray;
  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.data = new Uint8ClampedArray(4 * width * height);
  }
} as never;

/** Pixels as another decoder of the format gives them at this size; a step of rounding apart is the same. */
function check(hash: string, pixels: [x: number, y: number, rgba: number[]][]): void {
  const { data, width } = decodeThumbhash(hash);
  for (const [x, y, rgba] of pixels) {
    const at = (y * width + x) * 4;
    const got = [...data.subarray(at, at + 4)];
    assert.ok(
      rgba.every((value, index) => Math.abs(value - (got[index] ?? NaN)) <= 1),
      `(${x}, ${y}): ${got}`,
    );
  }
}

test("a_portrait_hash_is_painted", () => {
  check("1QcSHQRnh493V4dIh4eXh1h4kJUI", [
    [0, 0, [64, 77, 113, 255]],
    [1, 0, [66, 79, 114, 255]],
    [10, 12, [139, 108, 88, 255]],
    [23, 23, [0, 4, 40, 255]],
  ]);
});

test("a_landscape_hash_is_painted", () => {
  check("1QcSHYRnh493V4dIh4eXh1h4kJUI", [
    [0, 0, [61, 74, 109, 255]],
    [5, 8, [42, 22, 17, 255]],
    [23, 14, [28, 20, 17, 255]],
  ]);
});

test("a_hash_that_is_cut_short_still_paints_something", () => {
  assert.ok(decodeThumbhash("1QcSHQ==").data.some((value) => value > 0 && value < 255));
});
