// Sharing: what a page's address says, `#angle=120&metal=rose-gold`. The second file writes it.

import { srcOf } from "../loader/attributes";
import { optionsOf } from "../rules/address";

/** Sets attributes to the choices in the page's address, and returns its angle. */
export function readShared(host: HTMLElement): string | null {
  const shared = new URLSearchParams(location.hash.slice(1));
  for (const option of optionsOf(srcOf(host))) if (shared.has(option)) host.setAttribute(option, shared.get(option)!);
  return shared.get("angle");
}
