import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { fakeNet } from "../fixture";
import { type Answer, bytesOf, get, HttpError, type Net, retry, STALL_MS } from "./net";

const ask = (net: ReturnType<typeof fakeNet>) => retry(net, () => get(net, "/x"));
const textOf = async (answer: Answer) => new TextDecoder().decode(await bytesOf(answer));

test("a_failure_that_passes_is_tried_again_after_growing_pauses", async () => {
  const net = fakeNet((_, time) => (time < 4 ? new TypeError("network") : new Response("here")));
  assert.equal(await textOf(await ask(net)), "here");
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

/** A network whose answers are what `body` sends; `ticks` of a mocked clock stand for the time that passes. */
async function clocked(body: (send: (text: string) => void, close: () => void) => void, ticks: number, tries?: number) {
  mock.timers.enable({ apis: ["setTimeout"] });
  let requests = 0;
  const fetch: Net["fetch"] = async (_, init) => {
    requests++;
    const answer = new TransformStream<Uint8Array, Uint8Array>();
    const writer = answer.writable.getWriter();
    init?.signal?.addEventListener("abort", () => void writer.abort(init.signal?.reason).catch(() => {}));
    const send = (text: string) => void writer.write(new TextEncoder().encode(text)).catch(() => {});
    body(send, () => void writer.close());
    return new Response(answer.readable);
  };
  const net: Net = { fetch, sleep: async () => {}, signal: new AbortController().signal };
  const done: Promise<unknown> = retry(net, async () => textOf(await get(net, "https://cdn.example/x")), tries).catch(
    (error) => error,
  );
  for (let time = 0; time < ticks; time++) {
    await new Promise((resolve) => setImmediate(resolve));
    mock.timers.tick(STALL_MS / 2);
  }
  const outcome = await done;
  mock.timers.reset();
  return { outcome, requests };
}

test("an_answer_that_stops_coming_is_asked_for_once_more_and_then_given_up", async () => {
  const { outcome, requests } = await clocked((send) => send("half"), 8);
  assert.equal((outcome as HttpError).status, 408);
  assert.equal(requests, 2);
});

test("a_stalled_pack_is_not_asked_for_again", async () => {
  const { requests } = await clocked((send) => send("half"), 8, 2);
  assert.equal(requests, 1);
});

test("an_answer_that_comes_slowly_is_waited_for", async () => {
  const { outcome, requests } = await clocked((send, close) => {
    let left = 6;
    const step = () => {
      if (!left--) return close();
      send("x");
      setTimeout(step, STALL_MS / 2);
    };
    step();
  }, 16);
  assert.deepEqual([outcome, requests], ["xxxxxx", 1]);
});
