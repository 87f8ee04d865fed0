// Filling the page, where the screen is not to be had: above everything, whatever the parents' transforms and sizes. Back
// leads out of it and not out of the shop, and what lies beneath neither scrolls nor takes the focus. That moves in with
// full screen, and returns.

import type { Kit } from "../element/kit";

/** Follows full screen: is called whenever it was entered or left. */
export function createFill({ host, full, screen: { view } }: Kit): () => void {
  const { style } = document.documentElement;
  let filling: AbortController | undefined;
  let overflow = "";
  let wasOn = false;
  let before: HTMLElement | null = null;

  const begin = () => {
    filling = new AbortController();
    const { signal } = filling;
    overflow = style.overflow;
    style.overflow = "hidden";
    try {
      host.popover = "manual";
      host.showPopover();
      // WebKit keeps the containing block that the element had before, until it is laid out anew.
      const { display } = host.style;
      host.style.setProperty("display", "none", "important");
      host.getBoundingClientRect();
      host.style.display = display;
    } catch {
      // Older browsers: fixed, and above all but other top layers.
    }
    try {
      history.pushState({ ...history.state, girasol: 1 }, "");
    } catch {
      // A page without an address has nothing to go back to.
    }
    view.stage.focus({ preventScroll: true });
    addEventListener("popstate", () => full.leave(), { signal });
  };

  const end = () => {
    filling?.abort();
    filling = undefined;
    style.overflow = overflow;
    host.popover = null;
    if (history.state?.girasol) history.back();
  };

  // On the whole screen too, keys would reach what lies beneath.
  host.addEventListener("focusout", ({ relatedTarget: to }) => {
    if (full.isOn && to && !host.contains(to as Node)) view.stage.focus({ preventScroll: true });
  });
  addEventListener("keydown", ({ key, defaultPrevented }) => {
    if (filling && key === "Escape" && !defaultPrevented) full.leave();
  });

  return () => {
    if (full.isOn && !wasOn) {
      before = document.activeElement as HTMLElement;
      view.stage.focus({ preventScroll: true });
    }
    const isLeft = wasOn && !full.isOn;
    wasOn = full.isOn;
    if (full.isPage && !filling) begin();
    else if (!full.isPage && filling) end();
    if (isLeft && before !== host) before?.focus({ preventScroll: true });
  };
}
