// A spin that the artist waited for turns once by itself.

import type { GirasolSpin } from "../element/element";

const TURN_MS = 6_000;
let expected = "";

/** The next time that this version is shown, it turns once. */
export function expectTurn(configuration: string, version: number): void {
  expected = `${configuration} ${version}`;
}

/** Turns the spin once if it is the expected one; any touch or key ends that. */
export function turnOnce(spin: GirasolSpin, configuration: string, version: number, signal: AbortSignal): void {
  if (expected !== `${configuration} ${version}`) return;
  expected = "";
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const hands = new AbortController();
  signal.addEventListener("abort", () => hands.abort());
  for (const kind of ["pointerdown", "keydown", "wheel"]) {
    document.addEventListener(kind, () => hands.abort(), { signal: hands.signal, passive: true });
  }
  spin.addEventListener(
    "ready",
    () => {
      const [began, from] = [performance.now(), spin.angle];
      const tick = (now: number) => {
        if (hands.signal.aborted) return;
        const share = Math.min(1, Math.max(0, now - began) / TURN_MS);
        // Slow at both ends.
        spin.spinTo(from + 360 * (share * share * (3 - 2 * share)));
        if (share < 1) requestAnimationFrame(tick);
        else hands.abort();
      };
      requestAnimationFrame(tick);
    },
    { once: true },
  );
}
