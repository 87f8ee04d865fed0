// Sharing: the page's address holds the angle and the choices, `#angle=120&metal=rose-gold`.

import { chosenBy, srcOf } from "../loader/attributes";
import { optionsOf } from "../rules/address";
import type { Manifest } from "../wire";

/** Sets attributes to the choices in the page's address, and returns its angle. */
export function readShared(host: HTMLElement): string | null {
  const shared = new URLSearchParams(location.hash.slice(1));
  for (const option of optionsOf(srcOf(host))) if (shared.has(option)) host.setAttribute(option, shared.get(option)!);
  return shared.get("angle");
}

export function writeShared(host: HTMLElement, manifest: Manifest | undefined, angle: number): void {
  const shared = new URLSearchParams(location.hash.slice(1));
  const state = { ...chosenBy(host, manifest), angle: `${Math.round(angle) % 360}` };
  for (const [name, value] of Object.entries(state)) shared.set(name, value);
  history.replaceState(history.state, "", `#${shared}`);
}
