import assert from "node:assert/strict";
import { test } from "node:test";
import { folderOf, isArchive, whyLeftOut } from "./leave-out";

test("frames_and_archives_of_frames_are_taken", () => {
  for (const path of ["001.png", "/turn/Ring (2).TIFF", "a/b/7.jpg", "x.webp", "turn.ZIP", "turn.tar"]) {
    assert.equal(whyLeftOut(path), undefined, path);
  }
  assert.ok(isArchive("turn.Zip") && !isArchive("zip.png"));
});

test("what_is_no_frame_is_left_out_with_a_reason", () => {
  for (const path of [
    "turn/.DS_Store",
    "Thumbs.db",
    "turn/Icon\r",
    "@eaDir/001.png/SYNOPHOTO_THUMB.jpg",
    "__MACOSX/._001.png",
    "._001.png",
    "notes.txt",
    "turn.blend",
    ".cache/001.png",
    "turn.7z",
    "turn.tar.gz",
    `${"a".repeat(200)}.png`,
    "a:b.png",
  ]) {
    assert.ok(whyLeftOut(path), path);
  }
});

test("a_path_tells_its_folder", () => {
  assert.equal(folderOf("/turn/001.png"), "turn");
  assert.equal(folderOf("001.png"), "");
});
