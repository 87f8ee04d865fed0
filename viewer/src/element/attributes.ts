// Asking: what an element's attributes and its browser say about what is to be loaded.

import { optionsOf } from "../loader/choices";
import type { Choice } from "../loader/manifest";
import { type Hints, ownHints } from "../loader/policy";
import type { Choices, Format, Manifest } from "../wire";

export function srcOf(host: HTMLElement): string {
  return new URL(host.getAttribute("src") ?? "", document.baseURI).href;
}

/** Choices that attributes make. */
export function wishesOf(host: HTMLElement, manifest: Manifest | undefined): Choices {
  const made = optionsOf(srcOf(host), manifest).map((option) => [option, host.getAttribute(option)] as const);
  return Object.fromEntries(made.filter((pair): pair is [string, string] => !!pair[1]));
}

/** What attributes force. */
export function choiceOf(host: HTMLElement, best: Format): Choice {
  const format = host.getAttribute("format");
  return {
    tier: host.getAttribute("tier"),
    frames: host.getAttribute("frames"),
    format: format === "avif" ? best : format,
  };
}

/** What the browser knows: of itself, of what people want, and of the element. */
export function hintsOf(host: HTMLElement, format: Format): Hints {
  const own = ownHints(navigator, format);
  const saveData = own.saveData || matchMedia("(prefers-reduced-data: reduce)").matches;
  return { ...own, saveData, widthPx: host.clientWidth * devicePixelRatio };
}

/** Sets attributes to what the page's address shares, `#angle=120&metal=rose-gold`, and returns the angle. */
export function readShared(host: HTMLElement): string | null {
  const shared = new URLSearchParams(location.hash.slice(1));
  for (const option of optionsOf(srcOf(host), undefined))
    if (shared.has(option)) host.setAttribute(option, shared.get(option)!);
  return shared.get("angle");
}

export function writeShared(host: HTMLElement, manifest: Manifest | undefined, angle: number): void {
  const shared = new URLSearchParams(location.hash.slice(1));
  const state = { ...wishesOf(host, manifest), angle: `${Math.round(angle) % 360}` };
  for (const [name, value] of Object.entries(state)) shared.set(name, value);
  history.replaceState(history.state, "", `#${shared}`);
}
