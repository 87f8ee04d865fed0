import assert from "node:assert/strict";
import { test } from "node:test";
import { panBy, type Room, WHOLE, zoomBy } from "./zoom";

test("what_is_under_the_pointer_stays_under_it", () => {
  const zoom = zoomBy(WHOLE, 2, 0.25, -0.1);
  assert.deepEqual(zoom, { scale: 2, x: -0.25, y: 0.1 });
  const further = zoomBy(zoom, 1.5, 0.25, -0.1);
  // The point of the piece there: (at - moved) / scale.
  assert.ok(Math.abs((0.25 - further.x) / further.scale - 0.25) < 1e-9);
});

test("the_piece_is_never_smaller_than_its_stage_nor_moved_out_of_it", () => {
  assert.deepEqual(zoomBy(zoomBy(WHOLE, 3, 0.4, 0.4), 0.01, 0.4, 0.4), WHOLE);
  assert.equal(zoomBy(WHOLE, 100).scale, 4);
  assert.deepEqual(panBy({ scale: 2, x: 0, y: 0 }, 9, -9), { scale: 2, x: 0.5, y: -0.5 });
  assert.deepEqual(panBy(WHOLE, 1, 1), WHOLE);
});

test("a_piece_beside_which_the_stage_shows_is_moved_once_it_is_larger_than_that", () => {
  const room: Room = { piece: [0.5, 1], stage: [1, 1] };
  assert.deepEqual(panBy({ scale: 2, x: 0, y: 0 }, 9, -9, room), { scale: 2, x: 0, y: -0.5 });
  assert.deepEqual(panBy({ scale: 3, x: 0, y: 0 }, 9, -9, room), { scale: 3, x: 0.25, y: -1 });
});
