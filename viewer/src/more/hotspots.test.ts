import assert from "node:assert/strict";
import { test } from "node:test";
import type { HotspotPoint } from "../wire";
import { spotAt } from "./hotspots";

const point = (degree: number, x: number, y: number): HotspotPoint => ({ degree, x, y });

test("a_hotspot_goes_straight_from_point_to_point_and_is_gone_beyond_them", () => {
  const points = [point(300, 0.25, 0.5), point(360, 0.5, 0.75), point(420, 0.75, 0.5)];
  const check = (angle: number, at: [number, number] | undefined) =>
    assert.deepEqual(spotAt(points, angle), at && { x: at[0], y: at[1] }, String(angle));
  check(300, [0.25, 0.5]);
  check(330, [0.375, 0.625]);
  check(0, [0.5, 0.75]);
  check(30, [0.625, 0.625]);
  check(60, [0.75, 0.5]);
  check(61, undefined);
  check(180, undefined);
  check(299, undefined);
});

test("a_hotspot_of_a_whole_turn_is_always_there", () => {
  const points = [point(0, 0.25, 0.5), point(180, 0.75, 0.5), point(360, 0.25, 0.5)];
  assert.deepEqual(
    [0, 90, 270, 359.999].map((angle) => spotAt(points, angle)?.x.toFixed(2)),
    ["0.25", "0.50", "0.50", "0.25"],
  );
  assert.deepEqual(spotAt([point(90, 0.5, 0.5), point(450, 0.5, 0.5)], 89), { x: 0.5, y: 0.5 });
});

test("a_hotspot_with_one_point_is_seen_five_degrees_to_either_side", () => {
  const alone = [point(2, 0.25, 0.5)];
  for (const angle of [357, 0, 2, 7]) assert.deepEqual(spotAt(alone, angle), { x: 0.25, y: 0.5 }, String(angle));
  for (const angle of [356, 8, 180]) assert.equal(spotAt(alone, angle), undefined, String(angle));
  assert.equal(spotAt([], 0), undefined);
});
