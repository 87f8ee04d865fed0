// A manifest that stood in the page: the page may be older than what the server has by now.

import type { Kit } from "../element/kit";
import { chosenBy, srcOf } from "../loader/attributes";
import { fillUrl } from "../loader/manifest";
import { isRefusal, netOf, statusOf } from "../loader/net";
import { withChoices } from "../rules/address";
import type { Manifest } from "../wire";

/**
 * Requests the server's manifest behind a spin that is complete, past caches. Where it is another one, or none, the spin is loaded
 * again.
 */
export function createFresh({ host, screen, loader }: Kit): () => Promise<void> {
  let isAsking = false;
  return async () => {
    const shown = loader.manifest;
    if (isAsking || !shown?.inline || !screen.isComplete) return;
    isAsking = true;
    // A switch that began meanwhile has a manifest of its own.
    const isShown = () => loader.manifest === shown && screen.isComplete;
    const src = srcOf(host);
    try {
      const address = withChoices(src, chosenBy(host, shown), shown) ?? src;
      const { manifest } = await loader.request(address, netOf(new AbortController().signal), "no-cache");
      if (!isShown()) return;
      if (manifest.digest !== shown.digest) return await loader.reload();
      const { policy, siblings, loupe, loupe_request } = manifest;
      Object.assign(shown, { policy, siblings, loupe, loupe_request, inline: false });
    } catch (error) {
      // Offline the spin stays as it is, and the next time is another try. What the page asks for wrongly is said as ever.
      const status = statusOf(error);
      if (!isShown() || !(isRefusal(status) || status === 400)) return;
      if (status !== 400) forget(shown, src);
      await loader.reload();
    } finally {
      isAsking = false;
    }
  };
}

/** Lets caches of this browser ask for the packs once more: else they show again what is gone. */
function forget({ tiers, urls }: Manifest, base: string): void {
  const renditions = Object.values(tiers).flatMap(({ formats }) => Object.values(formats));
  const packs = renditions.flatMap(({ packs, bare }) => [...packs.map(({ pack }) => pack), ...(bare?.packs ?? [])]);
  for (const pack of new Set(packs))
    fetch(fillUrl(urls.pack, base, { pack }), { cache: "reload" }).then(
      ({ body }) => body?.cancel(),
      () => {},
    );
}
