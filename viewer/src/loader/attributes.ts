// Attributes: what an element and its browser want to be loaded.

import { optionsOf } from "../rules/address";
import type { Forced } from "../rules/forced";
import { type Hints, ownHints } from "../rules/hints";
import type { Choices, Manifest } from "../wire";
import { bestFormat } from "./formats";

/** The absolute address in `src`; empty where that is none. */
export function srcOf(host: HTMLElement): string {
  try {
    return new URL(host.getAttribute("src") ?? "", document.baseURI).href;
  } catch {
    return "";
  }
}

/** The choices that attributes make. */
export function chosenBy(host: HTMLElement, manifest?: Manifest): Choices {
  const choices = optionsOf(srcOf(host), manifest).map((option) => [option, host.getAttribute(option)]);
  return Object.fromEntries(choices.filter(([, choice]) => choice));
}

/** What attributes force. */
export function forcedBy(host: HTMLElement): Forced {
  const [tier, frames, format] = ["tier", "frames", "format"].map((name) => host.getAttribute(name));
  return { tier, frames, format: format === "avif" ? bestFormat() : format };
}

/** What is known of the browser and of the element's size. No browser has the media feature `prefers-reduced-data` yet. */
export function hintsOf(host: HTMLElement): Hints {
  return { ...ownHints(navigator), widthPx: host.clientWidth * devicePixelRatio };
}
