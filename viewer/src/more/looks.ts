// Looks: which angles the visitor looks at, from the first touch on. A piece that turns by itself, or that rests long, is not
// looked at: it is there.

import type { Kit } from "../element/kit";

const SECTOR_DEGREES = 10;
const SECTORS = 360 / SECTOR_DEGREES;
/** How long one angle is believed to be looked at. */
const MOST_MS = 10_000;

export interface Looks {
  /** The visitor has touched the piece. */
  begin(): void;
  /** Milliseconds for each sector since the last time, up to the last one that has some. */
  take(): number[];
}

export function createLooks({ host, screen }: Pick<Kit, "host" | "screen">): Looks {
  let sums: number[] = [];
  let sector = 0;
  let since = 0;

  /** What was looked at until now is over. */
  const note = () => {
    if (!since) return;
    const now = performance.now();
    const ms = Math.round(Math.min(now - since, MOST_MS));
    if (ms && !screen.isPlaying) sums[sector] = (sums[sector] ?? 0) + ms;
    since = now;
    sector = Math.floor(screen.angle / SECTOR_DEGREES) % SECTORS;
  };

  host.addEventListener("anglechange", note);
  return {
    begin() {
      if (since) return;
      since = performance.now();
      sector = Math.floor(screen.angle / SECTOR_DEGREES) % SECTORS;
    },
    take() {
      note();
      since = 0;
      // Holes would be null in JSON.
      const taken = Array.from(sums, (ms) => ms ?? 0);
      sums = [];
      return taken;
    },
  };
}
