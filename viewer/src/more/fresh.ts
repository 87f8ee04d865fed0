// A manifest that stood in the page: the page may be older than what the server has by now.

import type { Kit } from "../element/kit";
import { chosenBy, srcOf } from "../loader/attributes";
import { isRefusal, netOf, statusOf } from "../loader/net";
import { withChoices } from "../rules/address";

/** Requests the server's manifest behind a spin that is complete. Where it is another one, or none, the spin is loaded again. */
export function createFresh({ host, screen, loader }: Kit): () => Promise<void> {
  let isAsking = false;
  return async () => {
    const shown = loader.manifest;
    if (isAsking || !shown?.inline || !screen.isComplete) return;
    isAsking = true;
    try {
      const address = withChoices(srcOf(host), chosenBy(host, shown), shown);
      const { manifest } = await loader.request(address ?? srcOf(host), netOf(new AbortController().signal));
      if (loader.manifest !== shown) return;
      if (manifest.digest !== shown.digest) return await loader.reload();
      const { policy, siblings, loupe, loupe_request } = manifest;
      Object.assign(shown, { policy, siblings, loupe, loupe_request, inline: false });
    } catch (error) {
      // Offline the spin stays as it is, and the next time is another try.
      if (loader.manifest === shown && isRefusal(statusOf(error))) await loader.reload();
    } finally {
      isAsking = false;
    }
  };
}
