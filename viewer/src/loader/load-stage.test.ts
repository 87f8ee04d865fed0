import assert from "node:assert/strict";
import { test } from "node:test";
import { bareBytes, bareManifestOf, type FakeNet, fakeNet, frameBytes, hexOf, loadedOf, manifestOf } from "../fixture";
import { planStages, type Stage } from "../rules/stages";
import { loadFrame, loadStage, type Sink } from "./load-stage";
import { createPackCache } from "./pack-cache";

class Frames implements Sink {
  degrees: number[] = [];
  #here = new Set<string>();
  has(set: string, degree: number): boolean {
    return this.#here.has(`${set} ${degree}`);
  }
  put(stage: Stage, frame: { degree: number; bytes: Uint8Array }): void {
    assert.deepEqual([...frame.bytes], frameBytes(stage.format, frame.degree));
    if (!this.has(stage.set, frame.degree)) this.degrees.push(frame.degree);
    this.#here.add(`${stage.set} ${frame.degree}`);
  }
}

const stagesOf = (tier: string, frames: number) =>
  planStages(manifestOf(), { tier, frames, format: "avif", because: [] });

async function load(stages: Stage[], net: FakeNet, sink = new Frames(), packs = createPackCache()): Promise<Frames> {
  for (const stage of stages)
    await loadStage(stage, { from: loadedOf(), sink, packs, net, started: {}, onEnding() {} });
  return sink;
}

test("each_pack_is_loaded_once_and_in_order", async () => {
  const net = fakeNet();
  const sink = await load(stagesOf("hd", 60), net);
  assert.deepEqual(net.requested, ["/p/preview-avif.pack", "/p/standard-avif.pack", "/p/hd-avif.pack"]);
  assert.equal(sink.degrees.length, 36 + 60);
  assert.equal(sink.degrees[0], 0);
});

test("a_pack_known_by_its_digest_needs_no_request", async () => {
  const packs = createPackCache();
  await load(stagesOf("preview", 12), fakeNet(), new Frames(), packs);
  const net = fakeNet();
  const sink = await load(stagesOf("standard", 24), net, new Frames(), packs);
  assert.deepEqual(net.requested, ["/p/standard24-avif.pack"]);
  assert.equal(sink.degrees.length, 24);
});

test("two_spins_that_want_a_pack_at_once_load_it_once", async () => {
  const packs = createPackCache();
  const nets = [fakeNet(), fakeNet()];
  const sinks = await Promise.all(nets.map((net) => load(stagesOf("standard", 36), net, new Frames(), packs)));
  assert.deepEqual(
    sinks.map(({ degrees }) => degrees.length),
    [36, 36],
  );
  assert.equal(nets.flatMap(({ requested }) => requested).length, 2);
});

test("a_pack_that_another_spin_gives_up_is_loaded_all_the_same", async () => {
  const packs = createPackCache();
  const left = fakeNet(() => {
    left.abort.abort();
    return new TypeError("aborted");
  });
  const net = fakeNet();
  const [gone, sink] = await Promise.allSettled([
    load(stagesOf("preview", 12), left, new Frames(), packs),
    load(stagesOf("preview", 12), net, new Frames(), packs),
  ]);
  assert.equal(gone.status, "rejected");
  assert.equal(sink.status === "fulfilled" && sink.value.degrees.length, 12);
  assert.deepEqual(net.requested, ["/p/preview-avif.pack"]);
});

test("the_cache_evicts_what_was_used_longest_ago", () => {
  const packs = createPackCache(25);
  const frame = { degree: 0, bytes: new Uint8Array(10) };
  packs.put("a", "set", [frame]);
  packs.put("b", "set", [frame]);
  packs.get("a");
  packs.put("c", "set", [frame]);
  assert.deepEqual(
    ["a", "b", "c"].map((digest) => !!packs.get(digest)),
    [true, false, true],
  );
});

test("blocked_packs_are_replaced_by_single_frames", async () => {
  const net = fakeNet((path) => (path.endsWith(".pack") ? new TypeError("blocked") : undefined));
  const sink = await load(stagesOf("preview", 12), net);
  assert.deepEqual(net.requested.slice(0, 3), [
    "/p/preview-avif.pack",
    "/p/preview-avif.pack",
    "/s/main-avif/000.avif",
  ]);
  assert.equal(sink.degrees.length, 12);
  assert.ok(net.requested.includes("/s/main-avif/030.avif"));
});

test("a_missing_pack_is_not_requested_twice", async () => {
  const net = fakeNet((path) => (path.endsWith(".pack") ? new Response(null, { status: 404 }) : undefined));
  await load(stagesOf("preview", 12), net);
  assert.equal(net.requested.filter((path) => path.endsWith(".pack")).length, 1);
});

test("of_a_pack_that_breaks_off_only_the_missing_frames_are_loaded_singly", async () => {
  const cut = Uint8Array.from([...frameBytes("avif", 0), ...frameBytes("avif", 30), 1, 2, 3]);
  const net = fakeNet((path) => (path.endsWith(".pack") ? new Response(cut) : undefined));
  const sink = await load(stagesOf("preview", 12), net);
  const single = net.requested.filter((path) => path.startsWith("/s/"));
  assert.equal(single.length, 10);
  assert.ok(!single.includes("/s/main-avif/000.avif") && !single.includes("/s/main-avif/030.avif"));
  assert.equal(sink.degrees.length, 12);
});

test("a_page_in_place_of_a_pack_shows_as_no_frame", async () => {
  const page = () => new Response("<!doctype html><title>Please log in to the network</title>".repeat(10));
  const net = fakeNet((path) => (path.endsWith(".pack") ? page() : undefined));
  assert.equal((await load(stagesOf("preview", 12), net)).degrees.length, 12);
});

test("a_single_frame_is_tried_again_and_then_given_up", async () => {
  const [stage] = stagesOf("preview", 12);
  const sink = new Frames();
  const passing = fakeNet((_, time) => (time === 1 ? new TypeError("network") : undefined));
  await loadFrame(120, stage!, { from: loadedOf(), sink, packs: createPackCache(), net: passing });
  assert.deepEqual(passing.requested, ["/s/main-avif/120.avif", "/s/main-avif/120.avif"]);
  assert.deepEqual(sink.degrees, [120]);
  const broken = fakeNet(() => new Response("<html>"));
  await assert.rejects(
    loadFrame(150, stage!, { from: loadedOf(), sink, packs: createPackCache(), net: broken }),
    TypeError,
  );
});

test("a_frame_that_was_loaded_by_itself_is_not_loaded_by_itself_again", async () => {
  const [stage] = stagesOf("preview", 12);
  const packs = createPackCache();
  await loadFrame(120, stage!, { from: loadedOf(), sink: new Frames(), packs, net: fakeNet() });
  const net = fakeNet();
  const sink = new Frames();
  await loadFrame(120, stage!, { from: loadedOf(), sink, packs, net });
  assert.deepEqual(sink.degrees, [120]);
  assert.deepEqual(net.requested, []);
});

const bareStages = () => planStages(bareManifestOf(), { tier: "standard", frames: 36, format: "avif", because: [] });

test("bare_packs_are_loaded_in_place_of_whole_ones_and_kept_as_those", async () => {
  const packs = createPackCache();
  const net = fakeNet(undefined, bareManifestOf());
  const sink = await load(bareStages(), net, new Frames(), packs);
  assert.deepEqual(net.requested, ["/p/bare-preview-avif.pack", "/p/bare-standard-avif.pack"]);
  assert.equal(sink.degrees.length, 36);
  assert.equal((await load(stagesOf("preview", 12), fakeNet(), new Frames(), packs)).degrees.length, 12);
});

test("of_a_bare_pack_that_breaks_off_or_is_hostile_the_missing_frames_are_loaded_singly", async () => {
  const cut = Uint8Array.from([...bareBytes(0), ...bareBytes(30), 48, 1]);
  const [preview] = bareStages();
  const hostile = { ...preview!, bare: { ...preview!.bare!, head: "*" } };
  const other = { ...preview!, bare: { ...preview!.bare!, head: hexOf(new Array(12).fill(7)) } };
  for (const [stage, singly] of [[preview!, 10] as const, [hostile, 12] as const, [other, 12] as const]) {
    const net = fakeNet((path) => (path.endsWith(".pack") ? new Response(cut) : undefined));
    assert.equal((await load([stage], net)).degrees.length, 12);
    assert.equal(net.requested.filter((path) => path.startsWith("/s/")).length, singly);
    assert.ok(!net.requested.includes("/p/preview-avif.pack"));
  }
});

test("packs_that_have_no_bare_one_are_loaded_whole", async () => {
  const [preview, standard] = bareStages();
  const others = [{ ...standard!.bare!, packs: [] }, {}, null] as Required<Stage>["bare"][];
  for (const bare of others) {
    const net = fakeNet();
    const stages = [preview!, standard!].map((stage) => ({ ...stage, bare }));
    assert.equal((await load(stages, net)).degrees.length, 36);
    assert.deepEqual(net.requested, ["/p/preview-avif.pack", "/p/standard-avif.pack"]);
  }
  // Of two packs, the second.
  const net = fakeNet(undefined, bareManifestOf());
  const first = { ...standard!.bare!, packs: standard!.bare!.packs.slice(0, 1) };
  assert.equal((await load([{ ...standard!, bare: first }], net)).degrees.length, 36);
  assert.deepEqual(net.requested, ["/p/bare-preview-avif.pack", "/p/standard-avif.pack"]);
});

test("a_stale_load_stops_at_once", async () => {
  const net = fakeNet((path) => {
    net.abort.abort();
    return path.endsWith(".pack") ? new TypeError("aborted") : undefined;
  });
  await assert.rejects(load(stagesOf("standard", 36), net), { name: "AbortError" });
  assert.equal(net.requested.length, 1);
});
