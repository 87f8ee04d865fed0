import assert from "node:assert/strict";
import { test } from "node:test";
import { agoOf, choicesOf, listOf, pieceInWords, signed, sizeOf, spanOf } from "./words";

test("sizes_have_one_to_three_digits_before_the_point", () => {
  const check = (bytes: number, words: string) => assert.equal(sizeOf(bytes), words);
  check(0, "0 bytes");
  check(999, "999 bytes");
  check(1000, "1 kB");
  check(147_310, "147 kB");
  check(999_999, "1 MB");
  check(33_623_328, "33.6 MB");
  check(2_000_000_000, "2 GB");
});

test("time_is_told_as_coarsely_as_it_is_long", () => {
  assert.deepEqual([0, 4200, 59_400, 61_000, 3_540_000, 5_400_000, 86_400_000].map(spanOf), [
    "1 s",
    "4 s",
    "59 s",
    "1 min",
    "59 min",
    "1 h 30 min",
    "24 hours",
  ]);
  const now = Date.parse("2026-03-01T12:00:00Z");
  assert.equal(agoOf("2026-03-01T11:59:40Z", now), "just now");
  assert.equal(agoOf("2026-03-01T11:00:00Z", now), "1 hour ago");
  assert.equal(agoOf("2026-02-27T12:00:00Z", now), "2 days ago");
  assert.equal(agoOf("never", now), "");
});

test("a_configuration_s_id_tells_its_choices", () => {
  const { product, choices } = choicesOf("ring.solitaire.metal-rose-gold.stone-diamond");
  assert.equal(product, "ring.solitaire");
  assert.deepEqual(choices, { metal: "rose-gold", stone: "diamond" });
  assert.equal(pieceInWords(product, choices), "Solitaire: Rose Gold, Diamond");
  assert.equal(pieceInWords("ring.band", {}), "Band");
});

test("lists_end_before_they_tire", () => {
  assert.equal(listOf([]), "");
  assert.equal(listOf(["a"]), "a");
  assert.equal(listOf(["a", "b", "c"]), "a, b and c");
  assert.equal(listOf(["a", "b", "c", "d", "e"], 3), "a, b and 3 more");
});

test("differences_have_their_sign", () => {
  assert.deepEqual(
    [1.25, -0.5, 0.01].map((value) => signed(value)),
    ["+1.3", "−0.5", "±0"],
  );
});
