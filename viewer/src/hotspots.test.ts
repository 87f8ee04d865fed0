import assert from "node:assert/strict";
import { test } from "node:test";
import { spotAt } from "./hotspots";

test("a_hotspot_goes_along_its_path_and_is_gone_beyond_it", () => {
  const path = "330 40 50, 0 50 48, 30 60 50";
  const check = (angle: number, at: number[] | undefined) => assert.deepEqual(spotAt(path, angle), at, String(angle));
  check(330, [40, 50]);
  check(345, [45, 49]);
  check(0, [50, 48]);
  check(15, [55, 49]);
  check(30, [60, 50]);
  check(31, undefined);
  check(180, undefined);
});

test("a_hotspot_with_one_place_is_seen_from_near_its_angle", () => {
  assert.deepEqual([350, 5, 20].map((angle) => spotAt("5 20 30", angle)), [[20, 30], [20, 30], [20, 30]]);
  assert.equal(spotAt("5 20 30", 21), undefined);
});
