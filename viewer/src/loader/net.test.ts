import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeNet } from "../fixture";
import { get, HttpError, retry } from "./net";

const ask = (net: ReturnType<typeof fakeNet>) => retry(net, () => get(net, "/x"));

test("a_failure_that_passes_is_tried_again_after_growing_pauses", async () => {
  const net = fakeNet((_, time) => (time < 4 ? new TypeError("network") : new Response("here")));
  assert.equal(await (await ask(net)).text(), "here");
  assert.equal(net.requested.length, 4);
  const [first = 0, second = 0, third = 0] = net.pauses;
  assert.ok(second > 2 * first && third > 2 * second, String(net.pauses));
});

test("a_failure_that_stays_is_told_after_four_tries", async () => {
  const net = fakeNet(() => new Response(null, { status: 503 }));
  await assert.rejects(ask(net), HttpError);
  assert.equal(net.requested.length, 4);
});

test("what_is_refused_is_not_asked_for_again", async () => {
  for (const status of [400, 403, 404, 410]) {
    const net = fakeNet(() => new Response(null, { status }));
    await assert.rejects(ask(net), HttpError);
    assert.equal(net.requested.length, 1);
  }
});

test("the_server_may_ask_for_a_longer_pause_within_reason", async () => {
  for (const [seconds, ms] of [
    ["2", 2000],
    ["3600", 8000],
  ] as const) {
    const headers = { "Retry-After": seconds };
    const net = fakeNet((_, time) => (time === 1 ? new Response(null, { status: 429, headers }) : new Response("")));
    await ask(net);
    assert.deepEqual(net.pauses, [ms]);
  }
});

test("an_aborted_load_is_not_tried_again", async () => {
  const net = fakeNet(() => {
    net.abort.abort();
    return new TypeError("network");
  });
  await assert.rejects(ask(net), { name: "AbortError" });
  assert.equal(net.requested.length, 1);
});
