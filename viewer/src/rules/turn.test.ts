import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestDegree, nextDegree, normalize } from "./turn";

test("the_nearest_frame_is_found_round_the_turn", () => {
  const check = (degrees: number[], angle: number, nearest: number | undefined) =>
    assert.equal(nearestDegree(degrees, angle), nearest, `${angle} among ${degrees}`);
  check([], 10, undefined);
  check([90], 300, 90);
  check([0, 180], 89, 0);
  check([0, 180], 91, 180);
  check([0, 30, 330], 359.9, 0);
  check([0, 30, 330], 346, 0);
  check([0, 30, 330], 344, 330);
  check([350, 20], 3, 350);
  // Halfway it is the frame that the turn passed last, whatever the order of loading.
  check([0, 30], 15, 0);
  check([30, 0], 15, 0);
  check([0, 330], 345, 330);
  check([330, 0], 345, 330);
});

test("angles_are_brought_into_one_turn", () => {
  for (const [angle, within] of [
    [0, 0],
    [360, 0],
    [-10, 350],
    [725, 5],
    [-720, 0],
  ] as const) {
    assert.equal(normalize(angle), within);
  }
});

test("a_step_goes_to_the_next_frame_and_wraps", () => {
  const degrees = [0, 180, 90, 270];
  const check = (angle: number, direction: 1 | -1, next: number) =>
    assert.equal(nextDegree(degrees, angle, direction), next, `${direction} from ${angle}`);
  check(0, 1, 90);
  check(0, -1, 270);
  check(270, 1, 0);
  check(100, 1, 180);
  check(100, -1, 90);
  assert.equal(nextDegree([0], 0, 1), 0);
});
