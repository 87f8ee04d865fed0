// Frame sets.

import { createHash } from "node:crypto";
import { found, id, now, Problem } from "./http.mjs";

export const sets = new Map();
const SETTINGS = { hero: 0, start: 0, clockwise: false, ground: null, denoise: false, effort: null };

export function openSet(product, choices) {
  const set = { id: id(), product, choices, state: "open", settings: { ...SETTINGS }, opened: now(), files: new Map() };
  sets.set(set.id, set);
  return set;
}

/** The set, if it is open. */
export const open = (set) => {
  if (found(set).state !== "open")
    throw new Problem(409, "set-committed", "the frame set was committed, and takes no changes any more");
  return set;
};

export function namesOf(set) {
  return [...set.files.keys()].sort(new Intl.Collator("en", { numeric: true }).compare);
}

/** Of a frame's content. */
export function digestOf(set, name) {
  const bytes = set.files.get(name);
  return bytes && createHash("sha256").update(bytes).digest("hex");
}

/** Names the frames as they are. */
export function revisionOf(set) {
  const frames = namesOf(set).map((name) => `${name} ${digestOf(set, name)}`);
  return createHash("sha256").update(frames.join("\n")).digest("hex");
}
