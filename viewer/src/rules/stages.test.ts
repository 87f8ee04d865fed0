import assert from "node:assert/strict";
import { test } from "node:test";
import { bareManifestOf, manifestOf } from "../fixture";
import type { Format } from "../wire";
import { framesOf, loadedBytes, planStages, progressOf, selectedOr } from "./stages";

function plan(tier: string, frames: number, format: Format = "avif", manifest = manifestOf()): string[] {
  return planStages(manifest, { tier, frames, format, because: [] }).map(
    (stage) => `${stage.tier} ${stage.frames} ${stage.set}`,
  );
}

test("tiers_are_loaded_coarse_to_fine_up_to_the_selected_one", () => {
  assert.deepEqual(plan("still", 1), ["still 1 still-avif"]);
  assert.deepEqual(plan("preview", 12, "webp"), ["preview 12 main-webp"]);
  assert.deepEqual(plan("standard", 36), ["preview 12 main-avif", "standard 36 main-avif"]);
  assert.deepEqual(plan("standard", 24), ["preview 12 main-avif", "standard 24 main-avif"]);
  assert.deepEqual(plan("hd", 60), ["preview 12 main-avif", "standard 36 main-avif", "hd 60 hd-avif"]);
});

test("tiers_that_are_missing_are_passed_over", () => {
  const manifest = manifestOf();
  delete manifest.tiers.preview;
  delete manifest.tiers.standard!.formats.avif;
  assert.deepEqual(plan("hd", 60, "avif", manifest), ["standard 36 main-webp", "hd 60 hd-avif"]);
  assert.deepEqual(plan("vr", 60), []);
});

test("without_the_server_s_choice_the_fullest_usual_tier_is_taken", () => {
  const { selected: _, ...manifest } = manifestOf();
  assert.equal(selectedOr(manifest, {}, "webp").tier, "standard");
  assert.equal(selectedOr(manifest, { tier: "hd" }, "webp").frames, 60);
  delete manifest.tiers.standard;
  assert.equal(selectedOr(manifest, {}, "webp").tier, "preview");
});

test("without_the_server_s_choice_the_page_s_own_is_followed_as_far_as_the_browser_can", () => {
  const { selected: _, ...manifest } = manifestOf();
  const chosen = (frames: string | null, format: string | null, decodable: Format) => {
    const selected = selectedOr(manifest, { tier: "standard", frames, format }, decodable);
    return `${selected.frames} ${selected.format}`;
  };
  assert.equal(chosen("24", "webp", "avif"), "24 webp");
  assert.equal(chosen(null, "avif", "webp"), "36 webp");
  assert.equal(chosen("25", null, "avif"), "36 avif");
});

test("progress_counts_frames_of_the_tier_and_bytes_of_its_packs", () => {
  const [preview, standard] = planStages(manifestOf(), { tier: "standard", frames: 36, format: "avif", because: [] });
  const here = (degree: number) => degree % 30 === 0 || degree === 10;
  assert.deepEqual(progressOf(preview!, here), { loaded: 12, total: 12, bytes: 168, totalBytes: 168 });
  assert.deepEqual(progressOf(standard!, here), { loaded: 13, total: 36, bytes: 182, totalBytes: 504 });
});

test("bytes_of_bare_frames_are_those_that_are_loaded", () => {
  const selected = { tier: "preview", frames: 12, format: "avif" as const, because: [] };
  const [preview] = planStages(bareManifestOf(), selected);
  assert.deepEqual(
    progressOf(preview!, (degree) => degree === 30),
    { loaded: 1, total: 12, bytes: 3, totalBytes: 36 },
  );
  const { preview: whole } = manifestOf().tiers;
  assert.deepEqual([loadedBytes(preview!), loadedBytes(whole!.formats.avif!)], [0, 168]);
});

test("frames_off_a_tier_s_grid_that_its_packs_hold_may_be_shown", () => {
  const manifest = manifestOf();
  // 13 preview frames among 26 that do not nest: the shared pack brings them anyway.
  manifest.tiers.standard!.degrees = [0, 14, 28];
  const stages = planStages(manifest, { tier: "standard", frames: 3, format: "avif", because: [] });
  const frames = framesOf(stages).get("main-avif");
  assert.ok(frames?.has(14) && frames.has(30) && frames.has(10));
});
