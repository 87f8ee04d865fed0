import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../api";
import { visibleFindings } from "./findings";

const finding = (kind: string, severity: Finding["severity"]) => ({ kind, severity }) as Finding;
const ALL = [finding("touches-edge", "warns"), finding("missing-frames", "blocks"), finding("something-new", "blocks")];

test("what_blocks_comes_first_and_what_is_not_known_is_shown_as_well", () => {
  const kinds = visibleFindings(ALL, false).map(({ kind }) => kind);
  assert.deepEqual(kinds, ["missing-frames", "something-new", "touches-edge"]);
});

test("frames_that_are_still_coming_are_not_missed", () => {
  const kinds = visibleFindings(ALL, true).map(({ kind }) => kind);
  assert.deepEqual(kinds, ["something-new", "touches-edge"]);
});
