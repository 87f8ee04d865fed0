import assert from "node:assert/strict";
import { test } from "node:test";
import { speedOf } from "../loader/speed";
import { Pace } from "./pace";

const note = (pace: Pace, count: number, isOnTime: boolean) =>
  Array.from({ length: count }, () => pace.note(isOnTime)).filter(Boolean).length;

test("late_frames_halve_the_turn_and_no_further_than_to_a_quarter", () => {
  const pace = new Pace();
  assert.equal(note(pace, 13, false), 1);
  assert.equal(pace.stride, 2);
  note(pace, 100, false);
  assert.equal(pace.stride, 4);
});

test("a_few_late_frames_change_nothing", () => {
  const pace = new Pace();
  for (let round = 0; round < 20; round++) {
    note(pace, 10, false);
    note(pace, 20, true);
  }
  assert.equal(pace.stride, 1);
  assert.deepEqual([pace.turned, pace.wanted], [600, 400]);
});

test("it_goes_up_again_only_after_long_evidence_and_later_each_time", () => {
  const pace = new Pace();
  note(pace, 13, false);
  note(pace, 119, true);
  assert.equal(pace.stride, 2);
  note(pace, 1, true);
  assert.equal(pace.stride, 1);
  note(pace, 13, false);
  note(pace, 239, true);
  assert.equal(pace.stride, 2);
  note(pace, 1, true);
  assert.equal(pace.stride, 1);
});

test("the_line_is_measured_beyond_what_comes_in_the_first_flight", () => {
  const timing = { transferSize: 50_300, encodedBodySize: 50_000, responseStart: 100, responseEnd: 580 };
  assert.equal(speedOf(timing), 0.6);
  assert.equal(speedOf({ ...timing, transferSize: 0 }), undefined);
  assert.equal(speedOf({ ...timing, encodedBodySize: 9000 }), undefined);
  assert.equal(speedOf({ ...timing, responseStart: 0 }), undefined);
});
