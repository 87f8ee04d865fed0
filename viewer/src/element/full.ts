// Full screen: the whole screen where the browser gives it to elements; elsewhere, as on iPhones, the whole page, which the
// second file sees to. The way out is always there: a button, and Escape.

import type { View } from "../screen/view";

export interface Full {
  readonly isOn: boolean;
  /** The element fills the page, because the screen is not to be had. */
  readonly isPage: boolean;
  /** Fills the screen, or ends that. */
  toggle(): Promise<void>;
  /** Ends it; whether there was something to end. */
  leave(): boolean;
}

export function createFull(host: HTMLElement, view: View, onChange: () => void): Full {
  const { close } = view;
  let isPage = false;

  const isOn = () => host.hasAttribute("data-full");

  const set = (full: boolean) => {
    if (full === isOn()) return;
    host.toggleAttribute("data-full", full);
    close.ariaLabel = close.title = view.words.close;
    isPage &&= full;
    onChange();
  };

  const leave = () => {
    if (!isOn()) return false;
    if (host.matches(":fullscreen")) void document.exitFullscreen();
    else set(false);
    return true;
  };

  host.addEventListener("fullscreenchange", () => set(host.matches(":fullscreen")));
  host.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && leave()) event.preventDefault();
  });
  close.onclick = leave;

  return {
    get isOn() {
      return isOn();
    },
    get isPage() {
      return isPage;
    },
    leave,
    async toggle() {
      if (leave()) return;
      set(true);
      try {
        // At once: the permission that a tap gives expires.
        await host.requestFullscreen();
      } catch {
        isPage = isOn();
        onChange();
      }
    },
  };
}
