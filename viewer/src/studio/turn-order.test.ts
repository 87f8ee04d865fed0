import assert from "node:assert/strict";
import { test } from "node:test";
import { anglesOf, byNumber, nearest, startFor } from "./turn-order";

test("angles_go_the_way_that_the_piece_turns", () => {
  assert.deepEqual(anglesOf(4, { start: 10, clockwise: false }), [10, 100, 190, 280]);
  assert.deepEqual(anglesOf(4, { start: 10, clockwise: true }), [10, 280, 190, 100]);
  for (const clockwise of [false, true]) {
    const start = startFor(3, 36, clockwise);
    assert.equal(anglesOf(36, { start, clockwise })[3], 0);
  }
});

test("the_hero_is_the_frame_whose_angle_is_nearest_also_across_0_degrees", () => {
  const angles = anglesOf(36, { start: 0, clockwise: false });
  assert.equal(nearest(angles, 356), 0);
  assert.equal(nearest(angles, -14), 35);
  assert.equal(nearest(angles, 44), 4);
});

test("numbers_decide_the_order_of_names", () => {
  assert.deepEqual(["10.png", "9.png", "1.png"].sort(byNumber), ["1.png", "9.png", "10.png"]);
});
