import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestDegree } from "../rules/turn";
import { createReel, type EncodedFrame, windowOf } from "./reel";

class Fake {
  closed = false;
  close(): void {
    this.closed = true;
  }
}

const WEIGHT = 100;
const frame = (set: string, degree: number): EncodedFrame => ({
  set,
  degree,
  format: "avif",
  bytes: new Uint8Array(1),
  weight: WEIGHT,
});
const turnOf = (count: number, set = "a") =>
  Array.from({ length: count }, (_, index) => frame(set, (360 / count) * index));

/** A reel that decodes on demand. */
function reelOf(frames: EncodedFrame[], sets = ["a"], maxBytes = 1e9) {
  const open: { frame: EncodedFrame; done: (picture: Fake) => void; fail: (error: unknown) => void }[] = [];
  const shown: number[] = [];
  const broken: unknown[] = [];
  const pictures = new Map<string, Fake>();
  const reel = createReel<Fake>({
    decode: (frame) => new Promise((done, fail) => open.push({ frame, done, fail })),
    onPicture: ({ degree }) => void shown.push(degree),
    onBroken: (error) => void broken.push(error),
  });
  reel.aim({ angle: 0, sets, maxBytes });
  frames.forEach((one) => reel.put(one));
  const decode = async () => {
    while (open.length) {
      const { frame, done } = open.shift()!;
      const picture = new Fake();
      pictures.set(`${frame.set}/${frame.degree}`, picture);
      done(picture);
      await Promise.resolve().then(() => {});
      await Promise.resolve();
    }
  };
  return { reel, open, shown, broken, pictures, decode };
}

test("a_window_holds_what_fits_nearest_to_the_angle_and_a_few_round_the_turn", () => {
  const frames = [0, 180, 90, 270, 40, 130, ...turnOf(36).map(({ degree }) => degree)].map((degree) =>
    frame("a", degree),
  );
  const once = [...new Map(frames.map((one) => [one.degree, one])).values()];
  const degrees = windowOf(once, { angle: 200, sets: ["a"], maxBytes: 10 * WEIGHT }).map(({ degree }) => degree);
  assert.deepEqual(degrees, [200, 0, 180, 90, 270, 40, 130, 190, 210, 220]);
  assert.deepEqual(windowOf(once, { angle: 200, sets: ["a"], maxBytes: 0 }), []);
  assert.deepEqual(windowOf(once, { angle: 200, sets: ["b"], maxBytes: 1e9 }), []);
});

test("the_first_frame_is_decoded_alone_and_four_at_once_from_then_on", async () => {
  const { open, decode } = reelOf(turnOf(12));
  assert.deepEqual(
    open.map(({ frame }) => frame.degree),
    [0],
  );
  open.shift()!.done(new Fake());
  for (let tick = 0; tick < 4; tick++) await Promise.resolve();
  assert.equal(open.length, 4);
  await decode();
});

test("what_is_decoded_never_passes_the_bound_while_it_is_turned", async () => {
  const { reel, decode } = reelOf(turnOf(60), ["a"], 16 * WEIGHT);
  for (let angle = 0; angle < 720; angle += 7) {
    reel.aim({ angle, sets: ["a"], maxBytes: 16 * WEIGHT });
    await decode();
    assert.equal(reel.size, 16);
    assert.equal(
      reel.nearest({ angle: angle, sets: ["a"] })?.degree,
      nearestDegree(
        turnOf(60).map(({ degree }) => degree),
        angle,
      ),
    );
  }
});

test("without_a_share_everything_is_freed_and_comes_back_without_loading", async () => {
  const { reel, decode, pictures } = reelOf(turnOf(12));
  await decode();
  assert.equal(reel.size, 12);
  reel.aim({ angle: 0, sets: ["a"], maxBytes: 0 });
  assert.equal(reel.size, 0);
  assert.ok([...pictures.values()].every(({ closed }) => closed));
  reel.aim({ angle: 0, sets: ["a"], maxBytes: 1e9 });
  await decode();
  assert.equal(reel.size, 12);
});

test("a_picture_that_is_not_needed_any_more_is_closed", async () => {
  const { reel, decode, pictures, shown } = reelOf(turnOf(1));
  reel.aim({ angle: 0, sets: [], maxBytes: 1e9 });
  await decode();
  assert.deepEqual(shown, []);
  assert.ok(pictures.get("a/0")?.closed);
});

test("what_cannot_be_decoded_is_reported_once", async () => {
  const { reel, open, broken } = reelOf(turnOf(1));
  open.shift()!.fail("broken");
  await reel.settled({ set: "a", degrees: [0] });
  assert.deepEqual(broken, ["broken"]);
  assert.equal(open.length, 0);
});

test("a_stage_is_settled_before_the_frames_of_later_ones_are_decoded", async () => {
  const { reel, open, decode } = reelOf(turnOf(12));
  let isSettled = false;
  void reel.settled({ set: "a", degrees: [0, 120, 240] }).then(() => (isSettled = true));
  const order: number[] = [];
  for (; !isSettled && open.length; await decodeFirst()) order.push(open[0]!.frame.degree);
  // One was on its way before.
  assert.deepEqual(order.slice(0, 3), [0, 120, 240]);
  await decode();
  assert.equal(reel.size, 12);

  async function decodeFirst(): Promise<void> {
    open.shift()!.done(new Fake());
    for (let tick = 0; tick < 4; tick++) await Promise.resolve();
  }
});

test("of_two_sets_the_nearer_frame_wins_and_the_later_set_where_they_tie", async () => {
  const { reel, decode, pictures } = reelOf([frame("a", 0), frame("a", 10), frame("b", 0)], ["a", "b"]);
  await decode();
  assert.equal(reel.nearest({ angle: 1, sets: ["a", "b"] })?.picture, pictures.get("b/0"));
  assert.equal(reel.nearest({ angle: 9, sets: ["a", "b"] })?.picture, pictures.get("a/10"));
  assert.equal(reel.nearest({ angle: 9, sets: ["b"] })?.picture, pictures.get("b/0"));
  assert.equal(reel.nearest({ angle: 9, sets: [] }), undefined);
});

test("what_is_not_retained_is_removed", async () => {
  const { reel, decode, pictures } = reelOf([frame("a", 0), frame("a", 10), frame("b", 0)], ["a", "b"]);
  await decode();
  reel.retain(new Map([["a", new Set([0])]]));
  const closed = (key: string) => pictures.get(key)?.closed;
  assert.deepEqual([closed("a/0"), closed("a/10"), closed("b/0")], [false, true, true]);
  assert.ok(reel.has("a", 0) && !reel.has("a", 10) && !reel.has("b", 0));
});
