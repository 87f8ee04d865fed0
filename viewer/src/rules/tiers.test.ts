import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestOf } from "../fixture";
import { tierKey } from "./tiers";

test("a_frame_count_that_has_a_tier_of_its_own_selects_it", () => {
  const manifest = manifestOf();
  assert.equal(tierKey(manifest, { tier: "standard", frames: 24 }), "standard-24");
  assert.equal(tierKey(manifest, { tier: "standard", frames: 36 }), "standard");
  assert.equal(tierKey(manifest, { tier: "hd", frames: 60 }), "hd");
  // From 36 raw frames it is 18.
  manifest.tiers["standard-24"]!.frames = 18;
  assert.equal(tierKey(manifest, { tier: "standard", frames: 18 }), "standard-24");
});
