// Sharing: the page's address holds the angle and the choices, `#angle=120&metal=rose-gold`.

import { chosenBy } from "../loader/attributes";
import type { Manifest } from "../wire";

// A fragment of pairs. Any other one, `#reviews` or `#/route?tab=1`, is the page's own.
const PAIRS = /^(#?|#[\w-]+=[^/?=]*(&[\w-]+=[^/?=]*)*)$/;

/** The address with the state in its fragment; undefined where the fragment is the page's own. */
export function sharedAddress(address: string, state: Record<string, string>): string | undefined {
  const url = new URL(address);
  if (!PAIRS.test(url.hash)) return undefined;
  const shared = new URLSearchParams(url.hash.slice(1));
  for (const [name, value] of Object.entries(state)) shared.set(name, value);
  url.hash = `${shared}`;
  return url.href;
}

export function writeShared(host: HTMLElement, manifest: Manifest | undefined, angle: number): void {
  const state = { ...chosenBy(host, manifest), angle: `${Math.round(angle) % 360}` };
  // Absolute: another base has no say in it.
  const address = sharedAddress(location.href, state);
  if (address) history.replaceState(history.state, "", address);
}
