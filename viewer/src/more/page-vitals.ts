// Core Web Vitals of the page, where an element has vitals="page": the largest contentful paint, how much the layout shifts,
// and the slowest interaction. Once for a page, when it is hidden for the first time.

/** The largest sum of shifts that follow each other within a second, in a window of five. */
export function createShifts(): { add(value: number, at: number): void; readonly most: number } {
  let most = 0;
  let sum = 0;
  let first = 0;
  let last = Number.NEGATIVE_INFINITY;
  return {
    add(value, at) {
      if (at - last > 1000 || at - first > 5000) {
        sum = 0;
        first = at;
      }
      last = at;
      sum += value;
      most = Math.max(most, sum);
    },
    get most() {
      return most;
    },
  };
}

/** The slowest interaction; of every fifty, one is left out. */
export function createInteractions(): { add(id: number, ms: number): void; readonly slow: number | undefined } {
  const slowest = new Map<number, number>();
  return {
    add(id, ms) {
      slowest.set(id, Math.max(slowest.get(id) ?? 0, ms));
    },
    get slow() {
      const sorted = [...slowest.values()].sort((one, other) => other - one);
      return sorted[Math.floor(sorted.length / 50)];
    },
  };
}

export interface PageVitals {
  lcp_ms?: number;
  cls_thousandths?: number;
  inp_ms?: number;
}

let isWatching = false;
let taken: PageVitals | undefined;
let shifts: ReturnType<typeof createShifts> | undefined;
const interactions = createInteractions();
let lcp: number | undefined;
let hasInput = false;

interface Shift extends PerformanceEntry {
  value: number;
  hadRecentInput: boolean;
}

/** Browsers name what they can measure; what they cannot is left out. */
function observe(type: string, onEntry: (entry: PerformanceEntry) => void, more?: object): boolean {
  if (!PerformanceObserver.supportedEntryTypes?.includes(type)) return false;
  new PerformanceObserver((list) => list.getEntries().forEach(onEntry)).observe({ type, buffered: true, ...more });
  return true;
}

/** Watches from now on, and learns what has been before. */
export function watchPageVitals(): void {
  if (isWatching) return;
  isWatching = true;
  // After a touch, the largest paint is that of another view.
  for (const type of ["keydown", "pointerdown"])
    addEventListener(
      type,
      () => {
        hasInput = true;
      },
      { capture: true, once: true },
    );
  observe("largest-contentful-paint", ({ startTime }) => {
    if (!hasInput) lcp = startTime;
  });
  const counted = createShifts();
  const canShift = observe("layout-shift", (entry) => {
    const { value, hadRecentInput, startTime } = entry as Shift;
    if (!hadRecentInput) counted.add(value, startTime);
  });
  if (canShift) shifts = counted;
  const onEvent = (entry: PerformanceEntry) => {
    const { interactionId } = entry as PerformanceEntry & { interactionId?: number };
    if (interactionId) interactions.add(interactionId, entry.duration);
  };
  observe("event", onEvent, { durationThreshold: 40 });
  observe("first-input", onEvent);
}

/** What was measured of the page, once it is hidden, and once only. */
export function takePageVitals(): PageVitals {
  if (!isWatching || taken || !document.hidden) return {};
  const inp = interactions.slow;
  taken = {
    ...(lcp !== undefined && { lcp_ms: Math.round(lcp) }),
    ...(shifts && { cls_thousandths: Math.round(1000 * shifts.most) }),
    ...(inp !== undefined && { inp_ms: Math.round(inp) }),
  };
  return taken;
}
