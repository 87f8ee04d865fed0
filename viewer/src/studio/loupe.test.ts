import assert from "node:assert/strict";
import { test } from "node:test";
import type { LoupeStanding } from "../api";
import { loupeInWords } from "./loupe";

const loupe = (facts: Partial<LoupeStanding>): LoupeStanding => ({
  configuration: "ring.band",
  version: 1,
  state: "due",
  bytes: 0,
  cpuSeconds: 0,
  asked: false,
  changed: null,
  ...facts,
});

test("the_bytes_of_a_loupe_are_told", () => {
  assert.ok(/take 12 MB/.test(loupeInWords(loupe({ state: "ready", bytes: 12_000_000 }))));
});

test("a_visitor_who_asked_is_told_of_while_the_loupe_waits", () => {
  assert.ok(/asked for them/.test(loupeInWords(loupe({ state: "queued", asked: true }))));
  assert.ok(!/asked/.test(loupeInWords(loupe({ state: "queued" }))));
});

test("raw_frames_that_are_missing_are_said_to_be", () => {
  assert.ok(/raw frames are not stored/.test(loupeInWords(loupe({ state: "no-frames" }))));
  assert.ok(/raw frames were deleted/.test(loupeInWords(loupe({ state: "frames-gone" }))));
});
