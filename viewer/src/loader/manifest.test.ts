import assert from "node:assert/strict";
import { test } from "node:test";
import { BASE, fakeNet, manifestOf } from "../fixture";
import { fillUrl, inlineManifest, loadManifest, threeDigits } from "./manifest";
import { HttpError } from "./net";

test("templates_are_filled_and_resolved_against_the_manifest", () => {
  const values = { set: "ab12", degree: threeDigits(7), format: "avif" };
  assert.equal(fillUrl("/s/{set}/{degree}.{format}", BASE, values), "https://cdn.example/s/ab12/007.avif");
  assert.equal(fillUrl("https://x.example/{set}", BASE, values), "https://x.example/ab12");
});

test("the_browser_says_what_it_can_decode", async () => {
  const net = fakeNet();
  const { base } = await loadManifest(BASE, {}, "avif", net);
  assert.deepEqual(net.requested, ["/api/sequence?format=avif"]);
  assert.equal(base, `${BASE}?format=avif`);
});

test("where_the_sequence_lacks_that_format_the_server_chooses", async () => {
  const net = fakeNet((path) => (path.includes("format=") ? new Response(null, { status: 400 }) : undefined));
  await loadManifest(BASE, {}, "avif", net);
  assert.deepEqual(net.requested, ["/api/sequence?format=avif", "/api/sequence"]);
});

test("a_forced_format_is_not_given_up", async () => {
  const net = fakeNet(() => new Response(null, { status: 400 }));
  await assert.rejects(loadManifest(BASE, { format: "webp" }, "avif", net), HttpError);
  assert.deepEqual(net.requested, ["/api/sequence?format=webp"]);
});

test("another_schema_is_refused", async () => {
  const net = fakeNet(() => Response.json({ schema: "girasol.manifest/2" }));
  await assert.rejects(loadManifest(BASE, {}, "avif", net), TypeError);
});

test("a_version_s_own_manifest_is_asked_for_without_a_query", async () => {
  const net = fakeNet((path) => (path.startsWith("/m/") ? Response.json(manifestOf()) : undefined));
  await loadManifest("https://cdn.example/m/9f3c.json", { tier: "hd", format: "webp" }, "avif", net);
  assert.deepEqual(net.requested, ["/m/9f3c.json"]);
});

test("a_manifest_in_the_page_is_taken_for_its_own_configuration_alone", async () => {
  const inside = (textContent?: string) =>
    ({ querySelector: () => textContent && { textContent } }) as unknown as HTMLElement;
  const address = `https://cdn.example/api/products/customizable/${manifestOf().configuration}/sequence`;
  const own = inside(JSON.stringify(manifestOf()));
  assert.deepEqual(await inlineManifest(own, address), { manifest: manifestOf(), base: address });
  await assert.rejects(inlineManifest(own, address.replace("yellow", "rose")), TypeError);
  await assert.rejects(inlineManifest(own, ""), TypeError);
  await assert.rejects(inlineManifest(own, `${address}?tier=preview`), TypeError);
  await assert.rejects(inlineManifest(inside("{"), address), SyntaxError);
  await assert.rejects(inlineManifest(inside(), address));
});
