// Swatches: a page's own controls, whose names and values are options and choices. Pointing at one warms it, using it switches.

import type { Choices } from "./choices";

export interface Chooser {
  warm(choices: Choices): void;
  choose(choices: Choices): void;
}

const EVENTS = ["pointerover", "focusin", "change", "click"] as const;

/** Listens to radio buttons, buttons and selects within what a selector finds, until the signal is aborted. */
export function listenSwatches(selector: string, chooser: Chooser, signal: AbortSignal): void {
  const listen = ({ type, target }: Event) => {
    if (!(target instanceof Element) || !target.closest(selector)) return;
    const control = (target.closest("label")?.control ?? target.closest("[name]")) as HTMLInputElement | null;
    if (!control?.name) return;
    const choices = { [control.name]: control.value };
    // A click on anything but a button comes with its own change, if it is one.
    if (type === "change" || (type === "click" && control.localName === "button")) chooser.choose(choices);
    else if (type !== "click") chooser.warm(choices);
  };
  for (const type of EVENTS) document.addEventListener(type, listen, { signal });
}
