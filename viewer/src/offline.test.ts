import assert from "node:assert/strict";
import { test } from "node:test";
import { bareManifestOf } from "./fixture";
import { objectsOf, strategyOf } from "./offline";

test("what_never_changes_comes_from_the_cache_and_what_points_to_it_is_renewed", () => {
  const check = (path: string, strategy: string | undefined) =>
    assert.equal(strategyOf("GET", `https://spins.example${path}`, false), strategy, path);
  const digest = "0123456789abcdef0123456789abcdef";
  check(`/s/${digest}/120.avif`, "first");
  check(`/p/${digest}.pack`, "first");
  check(`/m/${digest}.json`, "first");
  check("/api/products/customizable/ring.solitaire.metal-rose-gold/sequence?tier=hd", "meanwhile");
  check("/api/products/customizable/ring/solitaire", "meanwhile");
  check("/girasol-spin.js", "meanwhile");
  check("/girasol-spin.more.js", "meanwhile");
  check("/api/products/customizable/ring.solitaire/status", undefined);
  check("/api/products/customizable/ring.solitaire/sequence?explain=1", undefined);
  check("/s/summer-sale/120.avif", undefined);
  check("/checkout", undefined);
  assert.equal(strategyOf("POST", `https://spins.example/p/${digest}.pack`, false), undefined);
  assert.equal(strategyOf("GET", `https://spins.example/p/${digest}.pack`, true), undefined);
});

test("bare_packs_are_objects_of_a_manifest_as_whole_ones_are", () => {
  const objects = objectsOf(bareManifestOf());
  for (const object of ["main-avif", "preview-avif", "bare-preview-avif", "hd-webp"])
    assert.ok(objects.includes(object), object);
  assert.ok(!objects.includes("bare-hd-webp"));
});
