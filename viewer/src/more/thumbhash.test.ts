import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeThumbhash } from "./thumbhash";

/** Pixels as another decoder of the format gives them; a step of rounding apart is the same. */
function check(hash: string, size: [number, number], pixels: [x: number, y: number, rgba: number[]][]): void {
  const thumb = decodeThumbhash(hash);
  assert.deepEqual([thumb.width, thumb.height], size);
  for (const [x, y, rgba] of pixels) {
    const at = (y * thumb.width + x) * 4;
    const got = [...thumb.rgba.subarray(at, at + 4)];
    assert.ok(
      rgba.every((value, index) => Math.abs(value - (got[index] ?? NaN)) <= 1),
      `(${x}, ${y}): ${got}`,
    );
  }
}

test("an_opaque_portrait_hash_is_painted", () => {
  check(
    "1QcSHQRnh493V4dIh4eXh1h4kJUI",
    [23, 32],
    [
      [0, 0, [64, 77, 113, 255]],
      [1, 0, [66, 79, 114, 255]],
      [10, 16, [143, 112, 91, 255]],
      [22, 31, [0, 4, 39, 255]],
    ],
  );
});

test("a_landscape_hash_with_alpha_is_painted", () => {
  check(
    "FqiFI45JU3ZAmHdTQDf1i491d4h4iHg=",
    [32, 19],
    [
      [0, 0, [14, 16, 111, 255]],
      [5, 8, [26, 107, 96, 255]],
      [31, 18, [88, 147, 84, 80]],
    ],
  );
});

test("a_hash_that_is_cut_short_still_paints_something", () => {
  assert.equal(decodeThumbhash("1QcSHQ==").height, 32);
});
