import assert from "node:assert/strict";
import { test } from "node:test";
import { advance, type JobProgress, stepsOf } from "./steps";

const QUEUED: JobProgress = {
  state: "queued",
  stage: undefined,
  done: 0,
  total: 0,
  leftMs: undefined,
  waitsFor: undefined,
  failure: undefined,
  configuration: undefined,
  version: undefined,
  preview: undefined,
};
const states = (progress: JobProgress) =>
  stepsOf(progress)
    .map(({ state }) => state.charAt(0))
    .join("");

test("a_job_goes_from_step_to_step", () => {
  let progress = QUEUED;
  assert.equal(states(progress), "dwwwwww");
  progress = advance(progress, { kind: "running", attempt: 1 });
  assert.equal(states(progress), "dnwwwww");
  progress = advance(progress, { kind: "progress", stage: "encode preview", done: 3, total: 24, leftMs: 9000 });
  assert.equal(states(progress), "dddnwww");
  assert.deepEqual(stepsOf(progress)[3], { label: "Preview encoded", state: "now", share: 0.125, count: "3 of 24" });
  assert.equal(progress.leftMs, 9000);
  progress = advance(progress, { kind: "log", line: "36 encodes" });
  progress = advance(progress, { kind: "ready", configuration: "ring.band", version: 2 });
  assert.equal(states(progress), "ddddddd");
  assert.deepEqual([progress.configuration, progress.version], ["ring.band", 2]);
});

test("a_failure_stands_where_it_happened_and_is_cleared_by_a_retry", () => {
  let progress = advance(QUEUED, { kind: "progress", stage: "decode", done: 5, total: 36 });
  const failure = { kind: "failed", message: "005.png is no picture", file: "005.png", remedy: "Render it again" };
  progress = advance(progress, failure);
  assert.equal(states(progress), "dfwwwww");
  assert.equal(progress.failure?.file, "005.png");
  assert.equal(advance(progress, { kind: "queued" }).failure, undefined);
  assert.equal(advance(progress, { kind: "running" }).failure, undefined);
});

test("a_job_that_waits_for_previews_of_others_says_so_and_its_own_can_be_looked_at", () => {
  let progress = advance(QUEUED, { kind: "preview", configuration: "ring.band", version: 1 });
  progress = advance(progress, { kind: "progress", stage: "encode standard and hd", done: 5, total: 90 });
  progress = advance(progress, { kind: "queued", waitMs: 0, waitsFor: "previews" });
  assert.deepEqual([progress.state, progress.waitsFor, progress.preview?.version], ["queued", "previews", 1]);
  assert.equal(states(progress), "ddddwww");
  progress = advance(progress, { kind: "running", attempt: 1 });
  assert.deepEqual([progress.waitsFor, progress.preview], [undefined, { configuration: "ring.band", version: 1 }]);
});

test("an_unknown_event_changes_nothing", () => {
  assert.equal(advance(QUEUED, { kind: "party" }), QUEUED);
});
