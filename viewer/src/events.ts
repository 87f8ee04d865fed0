// Events: what the element reports to its page.

import type { Choices, Manifest } from "./wire";

/** The values of `data-state`: the fullest tier that can be turned, or `error`. */
export type SpinState = "placeholder" | "hero" | "still" | "preview" | "standard" | "hd" | "error";

/** Events of the element and their details. All bubble but `error`, as errors of the platform do not. */
export interface SpinEvents {
  manifest: CustomEvent<Manifest>;
  /** `frames`: the degrees that have arrived. */
  progress: CustomEvent<{ tier: string; frames: number[] }>;
  anglechange: CustomEvent<{ angle: number }>;
  /** The first tier is complete: the piece can be turned. */
  ready: CustomEvent<TierDetail>;
  /** A tier is complete. */
  tierchange: CustomEvent<TierDetail>;
  /** Another configuration is on the canvas, at the angle of the one before; `ms` after it was chosen. */
  switch: CustomEvent<{ configuration: string; choices: Choices; angle: number; ms: number }>;
  /** `nearest`: a configuration that has a spin, where the chosen one has none. */
  error: CustomEvent<{ message: string; status?: number | undefined; nearest?: unknown }>;
}

export interface TierDetail {
  tier: string;
  frames: number;
  format: string;
}

export function emit<K extends keyof SpinEvents>(host: HTMLElement, name: K, detail: SpinEvents[K]["detail"]): void {
  const bubbles = name !== "error";
  host.dispatchEvent(new CustomEvent(name, { detail, bubbles, composed: bubbles }));
}

export function setState(host: HTMLElement, state: SpinState): void {
  host.dataset.state = state;
}
