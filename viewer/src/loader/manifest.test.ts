import assert from "node:assert/strict";
import { test } from "node:test";
import { BASE, fakeNet, manifestOf } from "../fixture";
import { fillUrl, isForced, loadManifest, threeDigits, tierKey, withChoice } from "./manifest";
import { HttpError } from "./net";

test("a_forced_choice_joins_the_query_and_the_rest_is_left_to_the_server", () => {
  const check = (src: string, choice: object, url: string) =>
    assert.equal(withChoice(`https://x.example${src}`, choice), `https://x.example${url}`);
  check("/x/sequence", {}, "/x/sequence");
  check("/x/sequence", { tier: null, format: "webp" }, "/x/sequence?format=webp");
  check("/x/sequence?explain=1", { tier: "hd" }, "/x/sequence?explain=1&tier=hd");
  check("/x/sequence?tier=hd", { tier: "standard", frames: "24" }, "/x/sequence?tier=standard&frames=24");
});

test("a_frame_count_that_has_a_tier_of_its_own_selects_it", () => {
  const manifest = manifestOf();
  assert.equal(tierKey(manifest, { tier: "standard", frames: 24 }), "standard-24");
  assert.equal(tierKey(manifest, { tier: "standard", frames: 36 }), "standard");
  assert.equal(tierKey(manifest, { tier: "hd", frames: 60 }), "hd");
  // From 36 raw frames it is 18.
  manifest.tiers["standard-24"]!.frames = 18;
  assert.equal(tierKey(manifest, { tier: "standard", frames: 18 }), "standard-24");
});

test("templates_are_filled_and_resolved_against_the_manifest", () => {
  const values = { set: "ab12", degree: threeDigits(7), format: "avif" };
  assert.equal(fillUrl("/s/{set}/{degree}.{format}", BASE, values), "https://cdn.example/s/ab12/007.avif");
  assert.equal(fillUrl("https://x.example/{set}", BASE, values), "https://x.example/ab12");
});

test("the_browser_says_what_it_can_decode", async () => {
  const net = fakeNet();
  const { base } = await loadManifest(BASE, {}, "avif", net);
  assert.deepEqual(net.asked, ["/api/sequence?format=avif"]);
  assert.equal(base, `${BASE}?format=avif`);
});

test("where_the_sequence_lacks_that_format_the_server_chooses", async () => {
  const net = fakeNet((path) => (path.includes("format=") ? new Response(null, { status: 400 }) : undefined));
  await loadManifest(BASE, {}, "avif", net);
  assert.deepEqual(net.asked, ["/api/sequence?format=avif", "/api/sequence"]);
});

test("a_forced_format_is_not_given_up", async () => {
  const net = fakeNet(() => new Response(null, { status: 400 }));
  await assert.rejects(loadManifest(BASE, { format: "webp" }, "avif", net), HttpError);
  assert.deepEqual(net.asked, ["/api/sequence?format=webp"]);
});

test("another_schema_is_refused", async () => {
  const net = fakeNet(() => Response.json({ schema: "girasol.manifest/2" }));
  await assert.rejects(loadManifest(BASE, {}, "avif", net), TypeError);
});

test("a_version_s_own_manifest_is_asked_for_without_a_query", async () => {
  const net = fakeNet((path) => (path.startsWith("/m/") ? Response.json(manifestOf()) : undefined));
  await loadManifest("https://cdn.example/m/9f3c.json", { tier: "hd", format: "webp" }, "avif", net);
  assert.deepEqual(net.asked, ["/m/9f3c.json"]);
});

test("a_page_forces_frames_by_attribute_or_address", () => {
  assert.equal(isForced("/x/sequence", {}), false);
  assert.equal(isForced("/x/sequence?format=webp", { tier: null, format: "webp" }), false);
  assert.equal(isForced("/x/sequence", { frames: "24" }), true);
  assert.equal(isForced("/x/sequence?tier=hd", {}), true);
});
