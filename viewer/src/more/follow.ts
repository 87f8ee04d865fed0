// What an element follows of its page: a fragment that changes later, by Back or a pasted link, the page's language, and the
// service worker, which asks again behind what is shown.

import type { Kit } from "../element/kit";
import { readShared } from "../element/share";
import type { Refused } from "../wire";

/** Elements of the page that are in it, and what to do when a language has changed. */
const followers = new Map<HTMLElement, () => void>();
let languages: MutationObserver | undefined;

export function createFollow({ host, loader, turnTo }: Kit, onLanguage: () => void): void {
  followers.set(host, onLanguage);
  if (!languages) {
    languages = new MutationObserver(() => {
      for (const [host, onLanguage] of followers) if (host.isConnected) onLanguage();
    });
    languages.observe(document, { attributes: true, attributeFilter: ["lang"], subtree: true });
  }

  addEventListener("hashchange", () => {
    if (!host.isConnected || !host.hasAttribute("share")) return;
    const angle = readShared(host);
    if (angle) turnTo(+angle);
  });

  navigator.serviceWorker?.addEventListener("message", ({ data }: MessageEvent<Refused>) => {
    const isOwn = data?.type === "girasol.refused/1" && data.configuration === loader.manifest?.configuration;
    if (isOwn && host.isConnected) void loader.reload();
  });
}
