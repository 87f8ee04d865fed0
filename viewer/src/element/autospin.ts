// Autospin: the piece turns by itself until it is touched, where the page wants that and motion is not reduced.

import { isMotionReduced } from "../motion";
import type { Screen } from "../screen/screen";

export interface Autospin {
  /** Turns as long as the spin is near the viewport and complete. */
  start(isNear: boolean): void;
  /** The visitor or the page has turned the piece: it does not turn by itself any more. */
  end(): void;
}

const TURN_SECONDS = 12;

export function createAutospin(host: HTMLElement, screen: Screen): Autospin {
  let hasEnded = false;
  let request = 0;
  return {
    start(isNear) {
      const seconds = +(host.getAttribute("autospin") || TURN_SECONDS);
      let last = performance.now();
      const tick = (now: number) => {
        if (hasEnded || !screen.isComplete || !host.hasAttribute("autospin")) return;
        screen.turn(screen.angle + (360 / 1000 / seconds) * (now - last));
        last = now;
        request = requestAnimationFrame(tick);
      };
      cancelAnimationFrame(request);
      if (isNear && !isMotionReduced() && screen.degrees.length !== 1) request = requestAnimationFrame(tick);
    },
    end() {
      hasEnded = true;
    },
  };
}
