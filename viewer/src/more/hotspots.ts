// Hotspots: elements of the page, put where a place on the piece is seen at an angle.

import { normalize } from "../rules/turn";
import type { Hotspot, HotspotPoint } from "../wire";

// A hotspot with one point is seen so many degrees to either side of it.
const SPAN = 5;

/** Where a hotspot is at an angle: straight between its points; undefined before the first of them and after the last. */
export function spotAt(points: HotspotPoint[], angle: number): Pick<HotspotPoint, "x" | "y"> | undefined {
  const [first] = points;
  if (!first) return undefined;
  if (!points[1]) points = [-SPAN, SPAN].map((away) => ({ ...first, degree: first.degree + away }));
  let before = points[0]!;
  const at = before.degree + normalize(angle - before.degree);
  for (const point of points) {
    if (at <= point.degree) {
      const share = (at - before.degree) / (point.degree - before.degree || 1);
      return { x: before.x + (point.x - before.x) * share, y: before.y + (point.y - before.y) * share };
    }
    before = point;
  }
  return undefined;
}

/** The points in a hotspot's attribute; throws where they are none. */
export function readPoints(text: string): HotspotPoint[] {
  const points: HotspotPoint[] = JSON.parse(text);
  for (const { degree, x, y } of points) {
    if (![degree, x, y].every(Number.isFinite)) throw new TypeError("degree, x and y have to be numbers");
  }
  return points;
}

/** Makes an element of the page for each hotspot, in place of those that were made before: a link, or a button. */
export function makeHotspots(host: HTMLElement, hotspots: Hotspot[]): void {
  for (const old of host.querySelectorAll("[data-hotspot]")) old.remove();
  for (const { name, label, href, points } of hotspots) {
    const spot = document.createElement(href ? "a" : "button");
    // It is shown once its place is known.
    const shared = { slot: "hotspot", textContent: label, hidden: true };
    Object.assign(spot, href ? { href } : { type: "button" }, shared);
    Object.assign(spot.dataset, { hotspot: name, points: JSON.stringify(points) });
    host.append(spot);
  }
}

/** Of each bad one the console is told once. */
const told = new WeakSet<Element>();

/** Places all hotspots of an element, those of the page's own too. One that cannot be read is left out. */
export function placeHotspots(host: HTMLElement, angle: number): void {
  for (const spot of host.querySelectorAll<HTMLElement>("[slot=hotspot]")) {
    let at: ReturnType<typeof spotAt>;
    try {
      at = spotAt(readPoints(spot.dataset.points ?? "[]"), angle);
    } catch (error) {
      if (!told.has(spot))
        console.warn(`girasol-spin: a hotspot is left out, because its data-points are bad: ${error}`, spot);
      told.add(spot);
    }
    spot.hidden = !at;
    if (at) [spot.style.left, spot.style.top] = [`${at.x * 100}%`, `${at.y * 100}%`];
  }
}
