import assert from "node:assert/strict";
import { test } from "node:test";
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
