import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakeNet, fakeNet, frameBytes, loadedOf, manifestOf } from "../fixture";
import { planStages } from "../rules/stages";
import { gridOf, loadSpin } from "./load-spin";
import { createPackCache } from "./pack-cache";

async function run(
  isSwitch: boolean,
  net: FakeNet,
  angle: () => number,
  packs = createPackCache(),
  requestedAt: string[][] = [],
  isCertain = false,
): Promise<number[]> {
  const stages = planStages(manifestOf(), { tier: "standard", frames: 36, format: "avif", because: [] });
  const grid = isSwitch ? gridOf(stages)! : stages[0]!;
  const here = new Set<number>();
  const sink = {
    has: (_: string, degree: number) => here.has(degree),
    put: (_: unknown, { degree }: { degree: number }) => void here.add(degree),
  };
  const onStage = async () => !!requestedAt.push([...net.requested]);
  const load = { from: loadedOf(), stages, grid, isSwitch, isCertain, sink, packs, net, angle, onStage };
  await loadSpin(load);
  return [...here];
}

test("a_switch_loads_the_same_angle_first_then_its_neighbours_then_the_rest", async () => {
  const net = fakeNet();
  const degrees = await run(true, net, () => 51);
  assert.equal(net.requested[0], "/s/main-avif/050.avif");
  assert.equal(degrees[0], 50);
  assert.deepEqual(
    net.requested.filter((path) => path.startsWith("/s/")).sort(),
    ["030", "040", "050", "060", "070"].map((degree) => `/s/main-avif/${degree}.avif`),
  );
  assert.deepEqual(
    net.requested.filter((path) => path.startsWith("/p/")),
    ["/p/preview-avif.pack", "/p/standard-avif.pack"],
  );
  assert.equal(degrees.length, 36);
});

test("a_piece_that_turns_on_meanwhile_is_chased", async () => {
  let angle = 0;
  const net = fakeNet(() => void (angle += 10));
  await run(true, net, () => angle);
  assert.deepEqual(net.requested.slice(0, 3), [
    "/s/main-avif/000.avif",
    "/s/main-avif/010.avif",
    "/s/main-avif/020.avif",
  ]);
});

test("where_single_frames_are_blocked_a_switch_goes_on_with_the_packs", async () => {
  const net = fakeNet((path) => (path.startsWith("/s/") ? new TypeError("blocked") : undefined));
  assert.equal((await run(true, net, () => 50)).length, 36);
});

test("a_first_load_takes_the_frame_that_is_wanted_beside_the_pack", async () => {
  const net = fakeNet();
  await run(false, net, () => 120);
  assert.deepEqual([...net.requested].sort(), [
    "/p/preview-avif.pack",
    "/p/standard-avif.pack",
    "/s/main-avif/120.avif",
  ]);
  const atHero = fakeNet();
  await run(false, atHero, () => 0);
  assert.deepEqual(atHero.requested, ["/p/preview-avif.pack", "/p/standard-avif.pack"]);
});

test("a_warmed_frame_is_there_without_asking", async () => {
  const packs = createPackCache();
  await run(true, fakeNet(), () => 50, packs);
  const net = fakeNet();
  await run(true, net, () => 50, packs);
  assert.deepEqual(net.requested, []);
});

test("the_next_pack_is_requested_before_the_one_before_is_complete_and_once", async () => {
  const net = fakeNet();
  const requestedAt: string[][] = [];
  const degrees = await run(false, net, () => 0, createPackCache(), requestedAt);
  const both = ["/p/preview-avif.pack", "/p/standard-avif.pack"];
  assert.deepEqual(requestedAt, [both, both]);
  assert.deepEqual(net.requested, both);
  assert.equal(degrees.length, 36);
});

test("on_a_slow_line_the_next_pack_is_requested_a_round_trip_before_the_one_before_ends", async () => {
  let now = 0;
  const real = performance.now;
  performance.now = () => now;
  const { readable, writable } = new TransformStream<Uint8Array>();
  const net = fakeNet((path) => (path.startsWith("/p/preview") ? new Response(readable) : undefined));
  const running = run(false, net, () => 0);
  await new Promise(setImmediate);
  const writer = writable.getWriter();
  const packs: number[] = [];
  for (const degree of manifestOf().tiers.preview!.degrees) {
    // A frame takes 110 ms, a round trip 200.
    now += 110;
    await writer.write(Uint8Array.from(frameBytes("avif", degree)));
    await new Promise(setImmediate);
    packs.push(net.requested.length);
  }
  await writer.close();
  await running;
  performance.now = real;
  assert.deepEqual(packs, [...Array(10).fill(1), 2, 2]);
});

test("where_all_stages_are_certain_their_packs_are_requested_at_once_and_each_once", async () => {
  const net = fakeNet();
  // No head comes before all are requested.
  const { fetch } = net;
  net.fetch = async (url, init) => {
    const response = await fetch(url, init);
    await new Promise(setImmediate);
    requested.push(net.requested.length);
    return response;
  };
  const requested: number[] = [];
  const degrees = await run(false, net, () => 0, createPackCache(), [], true);
  assert.deepEqual(requested, [2, 2]);
  assert.deepEqual(net.requested, ["/p/preview-avif.pack", "/p/standard-avif.pack"]);
  assert.equal(degrees.length, 36);
});

test("a_pack_that_fails_ahead_of_its_stage_is_made_up_for_by_single_frames", async () => {
  const net = fakeNet((path) => (path.startsWith("/p/standard") ? new TypeError("blocked") : undefined));
  const degrees = await run(false, net, () => 0);
  assert.equal(degrees.length, 36);
  assert.equal(net.requested.filter((path) => path.startsWith("/s/")).length, 24);
});
