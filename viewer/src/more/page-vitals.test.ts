import assert from "node:assert/strict";
import { test } from "node:test";
import { createInteractions, createShifts } from "./page-vitals";

test("shifts_count_in_windows_of_five_seconds_with_pauses_of_one", () => {
  const shifts = createShifts();
  shifts.add(0.1, 100);
  shifts.add(0.2, 900);
  assert.equal(shifts.most.toFixed(2), "0.30");
  shifts.add(0.25, 2000);
  assert.equal(shifts.most.toFixed(2), "0.30");
  for (let at = 2900; at < 9000; at += 900) shifts.add(0.02, at);
  assert.equal(shifts.most.toFixed(2), "0.35");
});

test("one_interaction_of_fifty_is_left_out", () => {
  const interactions = createInteractions();
  assert.equal(interactions.slow, undefined);
  interactions.add(1, 40);
  interactions.add(1, 300);
  assert.equal(interactions.slow, 300);
  for (let id = 2; id <= 50; id++) interactions.add(id, 50);
  assert.equal(interactions.slow, 50);
});
