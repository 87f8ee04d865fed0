import assert from "node:assert/strict";
import { test } from "node:test";
import { Meter } from "./meter";

test("speed_is_that_of_the_last_seconds", () => {
  const meter = new Meter();
  for (let second = 0; second <= 20; second++) meter.note(second * 1000, second * 1000);
  assert.equal(meter.speed(20_000), 1000);
  for (let second = 21; second <= 40; second++) meter.note(20_000 + (second - 20) * 100, second * 1000);
  assert.equal(Math.round(meter.speed(40_000) ?? 0), 100);
  assert.equal(Math.round(meter.left(500, 40_000) ?? 0), 5000);
});

test("nothing_is_foretold_from_nothing", () => {
  const meter = new Meter();
  assert.equal(meter.speed(0), undefined);
  meter.note(0, 0);
  meter.note(1000, 100);
  assert.equal(meter.left(1000, 100), undefined);
});

test("a_line_that_stands_still_has_no_time_left_to_tell", () => {
  const meter = new Meter();
  meter.note(1000, 0);
  meter.note(1000, 5000);
  assert.equal(meter.left(1000, 5000), undefined);
});
