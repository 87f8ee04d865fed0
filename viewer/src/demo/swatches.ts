// The options as groups of radio buttons: the browser's own, so that keys and screen readers know them.

import { byId, make, paintSwatch } from "../page";
import type { Choices, Product } from "../wire";
import { spinOf } from "./shop";

export interface Hands {
  onHover(choices: Choices): void;
  onPick(choices: Choices): void;
}

/**
 * Draws all options, with what is chosen. What can be seen is said of the shown ring with one choice changed, so that a
 * choice that is not rendered yet does not seem to take all others with it.
 */
export function drawSwatches(product: Product, chosen: Choices, shown: Choices, { onHover, onPick }: Hands): void {
  const focused = document.activeElement?.id;
  const groups = product.options.map((option) => {
    const group = make("fieldset", { class: "option" }, make("legend", {}, option.label));
    for (const choice of option.choices) {
      const seen = { ...shown, [option.name]: choice.value };
      const hasSpin = !!spinOf(product, seen);
      const id = `${option.name}-${choice.value}`;
      const checked = chosen[option.name] === choice.value;
      const input = make("input", { type: "radio", name: option.name, value: choice.value, id, checked });
      input.addEventListener("change", () => onPick({ ...chosen, [option.name]: choice.value }));
      const dot = make("span", { class: "dot", "aria-hidden": "true" });
      paintSwatch(dot, choice.swatch);
      const name = make("span", { class: "name" }, choice.label);
      if (!hasSpin) name.append(make("small", {}, " coming soon"));
      const label = make("label", { class: hasSpin ? "swatch" : "swatch dimmed", for: id }, input, dot, name);
      for (const type of ["pointerover", "focusin"]) label.addEventListener(type, () => hasSpin && onHover(seen));
      group.append(label);
    }
    return group;
  });
  byId("options").replaceChildren(...groups);
  // Drawing anew must not take the keyboard's place away.
  if (focused) document.querySelector<HTMLElement>(`#options #${CSS.escape(focused)}`)?.focus();
}
