import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sequence, Version } from "../api";
import { beforeOf, whyNotPublished } from "./versions";

const version = (number: number, facts: Partial<Version> = {}): Version => ({
  version: number,
  kind: "full",
  manifest: "",
  created: "",
  published: "2026-01-01T00:00:00Z",
  live: false,
  polishedFrom: null,
  ...facts,
});
const sequence = (live: number | null, ...versions: Version[]): Sequence => ({
  configuration: "ring.band",
  live,
  takenDown: false,
  protected: false,
  sequence: "",
  versions,
});

test("going_back_leads_to_the_newest_older_full_version_that_was_live", () => {
  const all = [
    version(5, { published: null }),
    version(4),
    version(3, { kind: "early" }),
    version(2, { published: null }),
    version(1),
  ];
  assert.equal(beforeOf(sequence(4, ...all))?.version, 1);
  assert.equal(beforeOf(sequence(null, ...all))?.version, 4);
  assert.equal(beforeOf(sequence(1, ...all)), undefined);
});

test("going_back_from_what_was_polished_leads_to_the_version_before_both", () => {
  const all = [version(3, { polishedFrom: 2 }), version(2), version(1)];
  assert.equal(beforeOf(sequence(3, ...all))?.version, 1);
  assert.equal(beforeOf(sequence(3, ...all.slice(0, 2))), undefined);
  assert.equal(beforeOf(sequence(4, version(4), ...all))?.version, 3);
});

test("a_full_spin_is_not_replaced_by_less", () => {
  const early = version(2, { kind: "early" });
  assert.ok(whyNotPublished(sequence(1, early, version(1)), early));
  assert.equal(whyNotPublished(sequence(null, early), early), undefined);
});
