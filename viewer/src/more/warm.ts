// Warming: a choice that the visitor may be about to make.

import type { Kit } from "../element/kit";
import { chosenBy, srcOf } from "../loader/attributes";
import { netOf } from "../loader/net";
import { configurationOf, withChoices } from "../rules/address";
import type { Choices } from "../wire";

export interface Warming {
  /** Loads the one frame that would show if these choices were made now, and ends the warming before. */
  warm(choices: Choices): Promise<void>;
  stop(): void;
}

export function createWarming({ host, loader }: Kit): Warming {
  let current = new AbortController();
  return {
    stop: () => current.abort(),
    async warm(choices) {
      current.abort();
      current = new AbortController();
      const net = netOf(current.signal);
      const { manifest } = loader;
      const address = withChoices(srcOf(host), { ...chosenBy(host, manifest), ...choices }, manifest) ?? "";
      const wanted = configurationOf(address);
      if (!manifest?.siblings?.some(({ configuration }) => configuration === wanted)) return;
      // What does not arrive now is requested again when it is needed.
      await Promise.allSettled([loader.prefetch(address, net), loader.request(address, net)]);
    },
  };
}
