// Speed of the connection, measured by the packs that came last.

/** The browser's timing of one response. */
export interface Timing {
  transferSize: number;
  encodedBodySize: number;
  responseStart: number;
  responseEnd: number;
}

// A server sends this much before the first acknowledgement: it does not measure the connection.
const FIRST_FLIGHT_BYTES = 14_000;

/** Mbit/s of one response; undefined where it came from a cache or is too small to measure. */
export function speedOf({ transferSize, encodedBodySize, responseStart, responseEnd }: Timing): number | undefined {
  const bytes = encodedBodySize - FIRST_FLIGHT_BYTES;
  return transferSize > 0 && bytes > 0 && responseStart > 0
    ? (8 * bytes) / 1000 / Math.max(1, responseEnd - responseStart)
    : undefined;
}

/** Mbit/s of the last pack that came over the network. */
export function measuredSpeed(): number | undefined {
  const packs = performance
    .getEntriesByType("resource")
    .filter(({ name }) => name.endsWith(".pack")) as PerformanceResourceTiming[];
  return packs.map(speedOf).filter(Boolean).at(-1);
}
