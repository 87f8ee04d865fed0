// Hotspots: a page's own elements, put where a place on the piece is seen at an angle.

import { normalize } from "./turn";

// A hotspot with one place is seen so many degrees to either side of its angle.
const SPAN = 15;

/**
 * Where a hotspot stands at an angle, in percent of the artist's frame; undefined where it is not seen. Its path is
 * `angle x y, angle x y, ...` in turn order. Metals share a turn, so that one path does for all of them.
 */
export function spotAt(path: string, angle: number): [x: number, y: number] | undefined {
  let points = path.split(",").map((point) => point.trim().split(/\s+/).map(Number) as [number, number, number]);
  const [[alone, ...place]] = points as [[number, number, number]];
  if (points.length === 1) points = [alone - SPAN, alone + SPAN].map((at) => [at, ...place]);
  for (const [index, [from, x, y]] of points.entries()) {
    const [to, nextX, nextY] = points[index + 1] ?? [NaN, 0, 0];
    const share = normalize(angle - from) / normalize(to - from);
    if (share <= 1) return [x + (nextX - x) * share, y + (nextY - y) * share];
  }
  return undefined;
}

/** Places all hotspots of an element. */
export function placeHotspots(host: HTMLElement, angle: number): void {
  for (const spot of host.querySelectorAll<HTMLElement>(":scope > [slot=hotspot]")) {
    const at = spotAt(spot.dataset["path"] ?? "", angle);
    spot.hidden = !at;
    if (at) [spot.style.left, spot.style.top] = [`${at[0]}%`, `${at[1]}%`];
  }
}
