import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job, JobState } from "../api";
import { needsAll, pauseMs } from "./refresh";

const job = (id: string, state: JobState, done = 0) => ({ id, state, done }) as Job;

test("a_job_under_way_is_followed_closely_and_an_idle_server_is_left_alone", () => {
  assert.equal(pauseMs([job("a", "ready"), job("b", "running")], 5), 2_000);
  assert.equal(pauseMs([job("a", "queued")], 0), 2_000);
  assert.deepEqual(
    [0, 1, 2, 3, 9].map((unchanged) => pauseMs([job("a", "ready")], unchanged)),
    [15_000, 30_000, 60_000, 60_000, 60_000],
  );
});

test("progress_alone_asks_for_nothing_but_jobs", () => {
  assert.equal(needsAll([job("a", "running", 1)], [job("a", "running", 2)], 4_000), false);
});

test("a_job_that_begins_or_ends_brings_everything_anew_and_so_does_time", () => {
  assert.equal(needsAll([job("a", "running")], [job("a", "ready")], 0), true);
  assert.equal(needsAll([job("a", "running")], [job("b", "queued"), job("a", "running")], 0), true);
  assert.equal(needsAll([job("a", "running")], [job("a", "running")], 15_000), true);
});
