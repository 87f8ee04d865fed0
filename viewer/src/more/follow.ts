// What elements follow of their page: its language, a fragment that changes later, by Back or a pasted link, and whether its
// visitor wants motion.

import type { Kit } from "../element/kit";
import { readShared } from "../element/share";
import { lessMotion } from "../motion";

interface Follower {
  host: HTMLElement;
  turnTo(angle: number): void;
  onLanguage(): void;
  onMotion(): void;
}

/** Elements of the page; those that have left it are forgotten, until they come back. */
const followers = new Set<Follower>();
let isListening = false;

function each(does: (follower: Follower) => void): void {
  for (const follower of followers) {
    if (follower.host.isConnected) does(follower);
    else followers.delete(follower);
  }
}

function listen(): void {
  if (isListening) return;
  isListening = true;
  const languages = new MutationObserver(() => each(({ onLanguage }) => onLanguage()));
  languages.observe(document, { attributes: true, attributeFilter: ["lang"], subtree: true });
  lessMotion().addEventListener("change", () => each(({ onMotion }) => onMotion()));
  addEventListener("hashchange", () =>
    each(({ host, turnTo }) => {
      const angle = host.hasAttribute("share") && readShared(host);
      if (angle) turnTo(+angle);
    }),
  );
}

/** Returns what has to be called whenever the element comes into a page. */
export function createFollow({ host, turnTo }: Kit, onLanguage: () => void, onMotion: () => void): () => void {
  const follower = { host, turnTo, onLanguage, onMotion };
  return () => {
    listen();
    followers.add(follower);
    onLanguage();
  };
}
