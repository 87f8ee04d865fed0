// The doctor: gaps in the numbers, files that are no pictures, a last frame that is the first once more.

import { three } from "../mock-spins.mjs";
import { namesOf, revisionOf } from "./sets.mjs";

/** The check of a set, which goes on a little with every request. */
export function check(set) {
  const names = namesOf(set);
  const content = names.join();
  const revision = revisionOf(set);
  if (!names.length) return { state: "empty", done: 0, total: 0, revision, findings: [] };
  if (set.check?.content !== content) set.check = { content, done: 0 };
  set.check.done = Math.min(names.length, set.check.done + 24);
  const progress = { done: set.check.done, total: names.length, revision };
  if (progress.done < progress.total) return { state: "running", ...progress, findings: [] };
  return { state: "done", ...progress, findings: findingsOf(set, names) };
}

function findingsOf(set, names) {
  const findings = [];
  const add = (finding) =>
    findings.push({ id: findings.length, evidence: null, mend: null, mendLabel: null, ...finding });
  const numbers = names.map((name) => Number(/\d+/.exec(name)?.[0]));
  const steps = numbers.slice(1).map((number, index) => number - numbers[index]);
  const step = Math.min(...steps);
  const missing = steps.flatMap((wide, index) => (wide > step ? [numbers[index] + step] : []));
  if (missing.length) {
    const frames = missing.map((number) => names[0].replace(/\d+/, three(number)));
    const message = `${frames.length === 1 ? "Frame" : "Frames"} ${missing.join(", ")} ${frames.length === 1 ? "is" : "are"} missing.`;
    add({
      kind: "missing-frames",
      severity: "blocks",
      frames,
      message,
      remedy: "Render them again with the same camera, and drop them here.",
    });
  }
  const broken = names.filter(
    (name) => !["RIFF", "\x89PNG"].includes(set.files.get(name).subarray(0, 4).toString("latin1")),
  );
  if (broken.length)
    add({
      kind: "unreadable",
      severity: "blocks",
      frames: broken,
      message: `${broken.join(", ")} is no picture.`,
      remedy: "Export it again.",
    });
  if (numbers.at(-1) === 360) {
    const last = names.at(-1);
    add({
      kind: "closing-frame",
      severity: "warns",
      frames: [last],
      message: `${last} shows the first frame once more.`,
      remedy: "A turn that closes twice stops for a moment at that place.",
      evidence: `/api/framesets/${set.id}/check/${findings.length}.webp`,
      mend: "leave-out",
      mendLabel: `Leave ${last} out`,
    });
  }
  if (names.length > 30)
    add({
      kind: "touches-edge",
      severity: "warns",
      frames: names.slice(3, 8),
      message: "The piece touches the edge of 5 frames.",
      remedy: "Move the camera back a little, so that nothing is cut off.",
      evidence: `/api/framesets/${set.id}/check/${findings.length}.webp`,
    });
  return findings;
}
