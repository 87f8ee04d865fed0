import assert from "node:assert/strict";
import { test } from "node:test";
import { hexOf } from "../fixture";
import { cutPack, type PackedFrame } from "./pack";

const hex = (text: string) => hexOf([...text].map((letter) => letter.charCodeAt(0)));

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

const bare = { head: hex("\0b\0d"), holes: [0, 2] };
const bared = { pack: "p", degrees: [0, 90], lengths: [5, 4] };
// The bytes for the holes first, and then what follows the head.
const sent = Uint8Array.from([...("ace" + "AC")].map((letter) => letter.charCodeAt(0)));

async function put(source: Uint8Array, cuts: number[] = [], pack = bared, head = bare): Promise<[number, string][]> {
  const frames: [number, string][] = [];
  for await (const { degree, bytes } of cutPack(chunked(source, cuts), pack, head))
    frames.push([degree, String.fromCharCode(...bytes)]);
  return frames;
}

test("bare_frames_get_their_head_however_their_bytes_arrive", async () => {
  for (let mask = 0; mask < 2 ** 4; mask++) {
    const cuts = [1, 2, 3, 4].filter((at) => mask & (1 << (at - 1)));
    assert.deepEqual(
      await put(sent, cuts),
      [
        [0, "abcde"],
        [90, "AbCd"],
      ],
      `cuts at ${cuts}`,
    );
  }
});

test("bare_frames_that_were_cut_off_fail", async () => {
  for (let length = 0; length < sent.length; length++) await assert.rejects(put(sent.subarray(0, length)), RangeError);
});

test("whatever_a_head_says_a_pack_ends_or_fails", async () => {
  const heads = [
    { head: "**", holes: [] },
    { head: hex("a head that is longer than its frames"), holes: [0] },
    { head: hex("head"), holes: [0, 1, 2, 3, 4, 5, 6, 7, 8] },
    { head: "", holes: [1] },
    { head: hex("ab"), holes: [-1, 2 ** 40] },
  ];
  for (const head of heads) {
    const frames = await put(sent, [1, 2], bared, head).catch((error) => void assert.ok(error instanceof Error));
    assert.ok(!frames || frames.length < 2 || frames.every(([, bytes]) => bytes.length < 6), head.head);
  }
  for (const lengths of [[], [0, 0], [2, 2], [-5, 4], [Number.NaN, 4]])
    assert.deepEqual(await put(sent, [], { ...bared, lengths }).catch(() => []), [], `lengths ${lengths}`);
});
