import assert from "node:assert/strict";
import { test } from "node:test";
import { bareManifestOf } from "../fixture";
import { bareIn, bestFormat, giveUp } from "./formats";

test("where_frames_that_were_put_together_fail_whole_ones_come_next_and_then_webp", () => {
  const stage = bareManifestOf().tiers.preview!.formats.avif!;
  assert.deepEqual([bareIn(stage), bestFormat()], [stage.bare, "avif"]);
  giveUp(stage);
  assert.deepEqual([bareIn(stage), bestFormat()], [undefined, "avif"]);
  giveUp(stage);
  assert.deepEqual([bareIn(stage), bestFormat()], [undefined, "webp"]);
});
