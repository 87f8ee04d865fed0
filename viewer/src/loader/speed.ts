// Speed: what the packs that came last say about the line.

/** What the browser noted about one answer. */
export interface Timing {
  transferSize: number;
  encodedBodySize: number;
  responseStart: number;
  responseEnd: number;
}

// What a server sends before the first acknowledgement says nothing of the line.
const FIRST_FLIGHT_BYTES = 14_000;

/** Mbit/s of one answer; undefined where it came from a cache, or was too small to tell. */
export function speedOf({ transferSize, encodedBodySize, responseStart, responseEnd }: Timing): number | undefined {
  const bytes = encodedBodySize - FIRST_FLIGHT_BYTES;
  return transferSize > 0 && bytes > 0 && responseStart > 0
    ? (8 * bytes) / 1000 / Math.max(1, responseEnd - responseStart)
    : undefined;
}

/** Mbit/s of the pack that came last over the line. */
export function measuredSpeed(): number | undefined {
  const packs = performance
    .getEntriesByType("resource")
    .filter(({ name }) => name.endsWith(".pack")) as PerformanceResourceTiming[];
  return packs.map(speedOf).filter(Boolean).at(-1);
}
