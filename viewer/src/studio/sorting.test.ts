import assert from "node:assert/strict";
import { test } from "node:test";
import { type Dropped, sort } from "./sorting";

const files = (...paths: string[]): Dropped[] => paths.map((path) => ({ path, file: { name: path } as File }));
const turn = (folder: string, frames = 36, name = (i: number) => `ring.${String(i).padStart(4, "0")}.png`) =>
  Array.from({ length: frames }, (_, i) => `${folder}${name(i)}`);
const told = (paths: string[], there?: string[]) => {
  const { turns, leftOut } = sort(files(...paths), there);
  return {
    turns: turns.map(({ name, files }) => [name, files.length]),
    leftOut: leftOut.map(({ name, dropped }) => (dropped ? name : `never ${name}`)),
  };
};

test("a_folder_each_is_a_turn_each", () => {
  assert.deepEqual(told([...turn("r/platinum/"), ...turn("r/rose-gold/", 24)]), {
    turns: [
      ["r/platinum", 36],
      ["r/rose-gold", 24],
    ],
    leftOut: [],
  });
  assert.deepEqual(told(["rose.zip", "platinum.zip"]).turns, [
    ["rose.zip", 1],
    ["platinum.zip", 1],
  ]);
});

test("a_picture_that_does_not_count_with_the_others_is_left_out", () => {
  assert.deepEqual(told([...turn("r/"), "r/drone.png", "r/.DS_Store"]), {
    turns: [["r", 36]],
    leftOut: ["never r/.DS_Store", "r/drone.png"],
  });
  // Also where it comes after the turn, or among files without a folder.
  assert.deepEqual(told(["drone.png"], turn("")), { turns: [], leftOut: ["drone.png"] });
  assert.deepEqual(told([...turn(""), "IMG_2041.png"]).leftOut, ["IMG_2041.png"]);
});

test("a_cover_beside_the_folder_of_frames_is_left_out", () => {
  assert.deepEqual(told([...turn("r/frames/"), "r/cover.png", "r/cover.jpg"]), {
    turns: [["r/frames", 36]],
    leftOut: ["r/cover.png", "r/cover.jpg"],
  });
});

test("angles_counters_and_times_count_with_each_other", () => {
  const angles = Array.from({ length: 36 }, (_, i) => `ring_${(i - 18) * 7.5}.png`);
  const times = Array.from({ length: 36 }, (_, i) => `2026-11-26 21.04.${10 + i}.jpg`);
  const counter = Array.from({ length: 36 }, (_, i) => `DSC${String((9990 + i) % 10_000).padStart(4, "0")}.JPG`);
  for (const names of [angles, times, counter, turn("", 36, (i) => `${i}.${i % 2 ? "png" : "PNG"}`)]) {
    assert.deepEqual(told(names), { turns: [["", 36]], leftOut: [] });
  }
});

test("names_that_are_not_understood_are_left_to_the_server", () => {
  const halves = [...turn("", 18, (i) => `front${i}.png`), ...turn("", 18, (i) => `back${i}.png`)];
  assert.deepEqual(told(halves).turns, [["", 36]]);
  assert.deepEqual(told(["a.png", "b.png", "c/d.png"]).turns, [["", 3]]);
  // A frame that is sent again.
  assert.deepEqual(told(["ring.0007.png"], turn("")).turns, [["", 1]]);
});
