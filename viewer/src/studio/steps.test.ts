import assert from "node:assert/strict";
import { test } from "node:test";
import { type Course, follow, stepsOf } from "./steps";

const QUEUED: Course = {
  state: "queued",
  stage: undefined,
  done: 0,
  total: 0,
  leftMs: undefined,
  failure: undefined,
  configuration: undefined,
  version: undefined,
};
const states = (course: Course) =>
  stepsOf(course)
    .map(({ state }) => state.charAt(0))
    .join("");

test("a_job_goes_from_step_to_step", () => {
  let course = QUEUED;
  assert.equal(states(course), "dwwwwww");
  course = follow(course, { kind: "running", attempt: 1 });
  assert.equal(states(course), "dnwwwww");
  course = follow(course, { kind: "progress", stage: "encode preview", done: 3, total: 24, leftMs: 9000 });
  assert.equal(states(course), "dddnwww");
  assert.deepEqual(stepsOf(course)[3], { label: "Preview encoded", state: "now", share: 0.125, count: "3 of 24" });
  assert.equal(course.leftMs, 9000);
  course = follow(course, { kind: "log", line: "36 encodes" });
  course = follow(course, { kind: "ready", configuration: "ring.band", version: 2 });
  assert.equal(states(course), "ddddddd");
  assert.deepEqual([course.configuration, course.version], ["ring.band", 2]);
});

test("a_failure_stands_where_it_happened_and_is_forgotten_when_tried_again", () => {
  let course = follow(QUEUED, { kind: "progress", stage: "decode", done: 5, total: 36 });
  const failure = { kind: "failed", message: "005.png is no picture", file: "005.png", remedy: "Render it again" };
  course = follow(course, failure);
  assert.equal(states(course), "dfwwwww");
  assert.equal(course.failure?.file, "005.png");
  assert.equal(follow(course, { kind: "queued" }).failure, undefined);
  assert.equal(follow(course, { kind: "running" }).failure, undefined);
});

test("an_event_that_nobody_knows_changes_nothing", () => {
  assert.equal(follow(QUEUED, { kind: "party" }), QUEUED);
});
