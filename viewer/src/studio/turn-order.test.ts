import assert from "node:assert/strict";
import { test } from "node:test";
import { anglesOf, byNumber, moved, nearest, renamesFor, startFor } from "./turn-order";

test("a_frame_that_moves_takes_the_name_of_its_place_and_the_others_close_up", () => {
  const names = ["1.png", "2.png", "3.jpg", "4.png"];
  assert.deepEqual(moved(names, 0, 2), ["2.png", "3.jpg", "1.png", "4.png"]);
  assert.deepEqual(renamesFor(names, moved(names, 0, 2)), { "2.png": "1.png", "3.jpg": "2.jpg", "1.png": "3.png" });
  assert.deepEqual(renamesFor(names, names), {});
});

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
