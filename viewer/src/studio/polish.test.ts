import assert from "node:assert/strict";
import { test } from "node:test";
import type { Polish } from "../api";
import { pointsOf, polishInWords } from "./polish";

const polish = (facts: Partial<Polish>): Polish => ({
  configuration: "ring.band",
  state: "due",
  from: null,
  version: null,
  changed: null,
  cpuSeconds: 0,
  gains: [],
  ...facts,
});

test("what_polishing_did_names_both_versions", () => {
  assert.ok(/Version 2 .* Version 3 /.test(polishInWords(polish({ state: "better", from: 2, version: 3 }))));
  assert.ok(/no better in every tier/.test(polishInWords(polish({ state: "not-better", from: 2 }))));
});

test("raw_frames_that_are_missing_are_said_to_be", () => {
  assert.ok(/raw frames are not stored/.test(polishInWords(polish({ state: "no-frames" }))));
  assert.ok(/raw frames were deleted/.test(polishInWords(polish({ state: "frames-gone" }))));
});

test("points_have_a_sign", () => {
  const points = (before: number, after: number) => pointsOf({ tier: "hd", format: "avif", before, after });
  assert.equal(points(78.5, 79.8), "+1.3");
  assert.equal(points(78.5, 78.4), "−0.1");
  assert.equal(points(78.5, 78.5), "±0.0");
});
