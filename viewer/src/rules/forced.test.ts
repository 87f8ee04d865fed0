import assert from "node:assert/strict";
import { test } from "node:test";
import { isForced, withForced } from "./forced";

test("forced_values_join_the_query_and_the_rest_is_left_to_the_server", () => {
  const check = (src: string, forced: object, url: string) =>
    assert.equal(withForced(`https://x.example${src}`, forced), `https://x.example${url}`);
  check("/x/sequence", {}, "/x/sequence");
  check("/x/sequence", { tier: null, format: "webp" }, "/x/sequence?format=webp");
  check("/x/sequence?explain=1", { tier: "hd" }, "/x/sequence?explain=1&tier=hd");
  check("/x/sequence?tier=hd", { tier: "standard", frames: "24" }, "/x/sequence?tier=standard&frames=24");
});

test("a_page_forces_frames_by_attribute_or_address", () => {
  assert.equal(isForced("/x/sequence", {}), false);
  assert.equal(isForced("/x/sequence?format=webp", { tier: null, format: "webp" }), false);
  assert.equal(isForced("/x/sequence", { frames: "24" }), true);
  assert.equal(isForced("/x/sequence?tier=hd", {}), true);
});
