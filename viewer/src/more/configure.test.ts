import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeNet } from "../fixture";
import { requestSequence } from "./configure";

const YELLOW = "https://cdn.example/api/products/customizable/ring.solitaire.metal-yellow-gold.stone-diamond/sequence";

test("the_server_is_asked_where_only_it_knows_the_address", async () => {
  const ready = fakeNet(() => Response.json({ configId: "x", status: "ready", sequence: "/api/x/sequence" }));
  assert.equal(await requestSequence(YELLOW, { carat: "two" }, ready), "https://cdn.example/api/x/sequence");
  assert.deepEqual(ready.requested, ["/api/products/customizable/ring.solitaire/configure"]);
  const none = fakeNet(() => Response.json({ status: "unavailable", nearest: { configId: "y" } }, { status: 202 }));
  await assert.rejects(requestSequence(YELLOW, { carat: "three" }, none), { status: 404, nearest: { configId: "y" } });
});
