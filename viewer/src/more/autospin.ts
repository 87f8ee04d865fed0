// Autospin: the piece turns by itself until it is touched, where the page wants that and motion is not reduced. It can be
// stopped and goes on by a key and by a button (WCAG 2.2.2). Without it, a piece with controls nudges once: it can be turned.

import type { Kit } from "../element/kit";

export interface Autospin {
  /** Whether the page wants the piece to turn by itself, and the visitor's system allows it. */
  readonly isWanted: boolean;
  readonly isPlaying: boolean;
  /** Turns as long as the spin is near the viewport and complete. */
  start(isNear: boolean): void;
  toggle(): void;
  /** The visitor or the page has turned the piece: it does not turn by itself any more. */
  end(): void;
  /** The visitor wants less motion from now on, or no longer. */
  onMotion(): void;
}

const TURN_SECONDS = 12;
const NUDGE_DEGREES = 14;
const NUDGE_MS = 1400;

export function createAutospin({ host, screen, isMotionReduced }: Kit, onChange: () => void): Autospin {
  let hasEnded = false;
  let hasNudged = false;
  let isNear = false;
  let request = 0;

  const isWanted = () => host.hasAttribute("autospin") && !isMotionReduced() && screen.degrees.length !== 1;

  /** Turns to where `at` says after so many milliseconds more, until it is ended. */
  const play = (at: (elapsed: number) => number) => {
    let last = performance.now();
    const tick = (now: number) => {
      if (!screen.isComplete || !isNear) return set(false);
      screen.turn(at(now - last));
      last = now;
      request = requestAnimationFrame(tick);
    };
    set(true);
    request = requestAnimationFrame(tick);
  };

  const set = (isPlaying: boolean) => {
    cancelAnimationFrame(request);
    if (screen.isPlaying === isPlaying) return;
    screen.isPlaying = isPlaying;
    if (!isPlaying) screen.describe();
    onChange();
  };

  const spin = () => {
    const seconds = +(host.getAttribute("autospin") || TURN_SECONDS);
    play((elapsed) => screen.angle + (360 / 1000 / seconds) * elapsed);
  };

  const nudge = () => {
    hasNudged = true;
    // It ends where it began, to the last digit: a hotspot may begin there.
    const from = screen.angle;
    let time = 0;
    play((elapsed) => {
      time += elapsed;
      const share = Math.min(1, time / NUDGE_MS);
      if (share === 1) queueMicrotask(() => set(false));
      return from + NUDGE_DEGREES * Math.sin(2 * Math.PI * share) * (1 - share);
    });
  };

  const end = () => {
    hasEnded = true;
    set(false);
  };

  const start = (near: boolean) => {
    isNear = near;
    if (!near || hasEnded || isMotionReduced() || screen.degrees.length === 1) return set(false);
    if (screen.isPlaying || !screen.isComplete) return;
    if (isWanted()) spin();
    else if (host.hasAttribute("controls") && !hasNudged) nudge();
  };

  return {
    get isWanted() {
      return isWanted();
    },
    get isPlaying() {
      return screen.isPlaying;
    },
    start,
    toggle() {
      if (screen.isPlaying) return end();
      hasEnded = false;
      if (screen.isComplete) spin();
    },
    end,
    onMotion: () => start(isNear),
  };
}
