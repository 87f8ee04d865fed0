// Which of the doctor's findings are shown, and in which order.

import type { Finding } from "../api";

/** What can only be told of a whole turn: while frames arrive, each of these is true and of no use. */
const OF_THE_WHOLE = [
  "missing-frames",
  "foreign-frames",
  "exposure-jump",
  "colour-jump",
  "too-few-frames",
  "open-turn",
  "uneven-steps",
  "out-of-order",
  "closing-frame",
];

/** What blocks comes first; the rest keeps the server's order. */
export function visibleFindings(findings: Finding[], isArriving: boolean): Finding[] {
  const shown = findings.filter(({ kind }) => !isArriving || !OF_THE_WHOLE.includes(kind));
  const rank = ({ severity }: Finding) => ["blocks", "asks", "warns"].indexOf(severity);
  return shown.sort((one, other) => rank(one) - rank(other));
}
