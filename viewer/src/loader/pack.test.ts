import assert from "node:assert/strict";
import { test } from "node:test";
import { cutPack, type PackedFrame } from "./pack";

const pack = { pack: "p", degrees: [0, 180, 90, 270], lengths: [3, 1, 4, 2] };
const bytes = Uint8Array.from({ length: 10 }, (_, index) => index);
const whole = [
  [0, [0, 1, 2]],
  [180, [3]],
  [90, [4, 5, 6, 7]],
  [270, [8, 9]],
];

async function* chunked(source: Uint8Array, cuts: number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const to of [...cuts, source.length]) {
    yield source.subarray(from, to);
    from = to;
  }
}

async function cut(source: Uint8Array, cuts: number[] = []): Promise<[number, number[]][]> {
  const frames: [number, number[]][] = [];
  for await (const { degree, bytes } of cutPack(chunked(source, cuts), pack)) frames.push([degree, [...bytes]]);
  return frames;
}

test("a_pack_is_cut_alike_however_its_bytes_arrive", async () => {
  for (let mask = 0; mask < 2 ** 9; mask++) {
    const cuts = Array.from({ length: 9 }, (_, bit) => bit + 1).filter((at) => mask & (1 << (at - 1)));
    assert.deepEqual(await cut(bytes, cuts), whole, `cuts at ${cuts}`);
  }
});

test("empty_chunks_are_no_end", async () => {
  assert.deepEqual(await cut(bytes, [0, 0, 3, 3, 3, 10, 10]), whole);
});

test("a_frame_is_there_with_its_last_byte_and_not_later", async () => {
  let sent = 0;
  async function* source() {
    for (; sent < 10; ) yield bytes.subarray(sent, ++sent);
  }
  const after: number[] = [];
  for await (const _ of cutPack(source(), pack)) after.push(sent);
  assert.deepEqual(after, [3, 4, 8, 10]);
});

test("a_pack_that_ends_early_gives_its_whole_frames_and_then_fails", async () => {
  const frames: PackedFrame[] = [];
  const take = async () => {
    for await (const frame of cutPack(chunked(bytes.subarray(0, 7), [2]), pack)) frames.push(frame);
  };
  await assert.rejects(take(), RangeError);
  assert.deepEqual(
    frames.map((frame) => frame.degree),
    [0, 180],
  );
});

test("a_pack_is_read_to_its_end_and_not_left_before_it", async () => {
  let isAtEnd = false;
  async function* source() {
    yield bytes;
    isAtEnd = true;
  }
  for await (const _ of cutPack(source(), pack)) assert.ok(!isAtEnd);
  assert.ok(isAtEnd);
});

test("bytes_beyond_the_last_frame_are_ignored", async () => {
  assert.deepEqual(await cut(Uint8Array.from([...bytes, 99, 99])), whole);
});
