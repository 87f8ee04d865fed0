// What a drop holds: the turns in it, a folder or an archive each, and what is no frame of any of them.

import { folderOf, isArchive, whyLeftOut } from "./leave-out";

/** A file and where it lay in what was dropped. */
export interface Dropped {
  path: string;
  file: File;
}

/** The frames of one turn, or an archive of them. */
export interface Turn {
  /** The folder, or the archive's name; empty for files without a folder. */
  name: string;
  files: Dropped[];
}

export interface LeftOut {
  name: string;
  why: string;
  /** It may be a frame all the same: the artist can take it in. */
  dropped?: Dropped;
}

export interface Sorted {
  turns: Turn[];
  leftOut: LeftOut[];
}

/** So many numbered pictures in a folder are a turn, and what lies beside them is none of it. */
const LEAST_FRAMES = 8;
/** More strays than one in so many frames are no strays: the names say something else than is understood here. */
const FRAMES_A_STRAY = 6;
const NUMBER = /-?\d+(?:\.\d+)?/g;

/** Sorts a drop. `there` are the names that the set has already. */
export function sort(dropped: Dropped[], there: string[] = []): Sorted {
  const leftOut: LeftOut[] = [];
  const folders = new Map<string, Dropped[]>();
  const archives: Turn[] = [];
  for (const one of dropped) {
    const why = whyLeftOut(one.path);
    if (why) leftOut.push({ name: one.path, why });
    else if (isArchive(one.path)) archives.push({ name: one.path, files: [one] });
    else folders.set(folderOf(one.path), [...(folders.get(folderOf(one.path)) ?? []), one]);
  }
  const isTurn = (files: Dropped[]) => files.filter(({ path }) => isNumbered(path)).length >= LEAST_FRAMES;
  const turns = [...folders].filter(([, files]) => isTurn(files)).map(([name, files]): Turn => ({ name, files }));
  const beside = [...folders].filter(([, files]) => !isTurn(files)).flatMap(([, files]) => files);
  if (beside.length && (turns.length || archives.length)) {
    const why = `beside ${turns.length + archives.length > 1 ? "the turns" : "the turn"}`;
    leftOut.push(...beside.map((one) => ({ name: one.path, why, dropped: one })));
  } else if (beside.length) {
    turns.push({ name: folderOf(beside[0]!.path), files: beside });
  }
  for (const turn of turns) {
    const strays = straysOf(
      turn.files.map(({ path }) => path),
      turns.length > 1 ? [] : there,
    );
    const isStray = ({ path }: Dropped) => strays.has(path);
    const why = "its name does not count with the others";
    leftOut.push(...turn.files.filter(isStray).map((one) => ({ name: one.path, why, dropped: one })));
    turn.files = turn.files.filter((one) => !isStray(one));
  }
  return { turns: [...turns.filter(({ files }) => files.length), ...archives], leftOut };
}

/** The names that do not count with the others, beside those that are there. */
function straysOf(paths: string[], there: string[]): Set<string> {
  const counts = new Map<string, number>();
  for (const name of [...paths, ...there]) counts.set(patternOf(name), (counts.get(patternOf(name)) ?? 0) + 1);
  const [pattern, frames] = [...counts].sort((one, other) => other[1] - one[1])[0] ?? ["", 0];
  const strays = paths.filter((path) => patternOf(path) !== pattern);
  const all = paths.length + there.length;
  const isClear = pattern.includes("#") && frames >= LEAST_FRAMES && (all - frames) * FRAMES_A_STRAY <= frames;
  return new Set(isClear ? strays : []);
}

/** The name without folder, numbers and extension: frames of one turn share it. */
function patternOf(path: string): string {
  return stemOf(path).replace(NUMBER, "#").toLowerCase();
}

function isNumbered(path: string): boolean {
  return /\d/.test(stemOf(path));
}

function stemOf(path: string): string {
  const name = path.split("/").at(-1) ?? "";
  return name.replace(/\.[^.]*$/, "");
}
