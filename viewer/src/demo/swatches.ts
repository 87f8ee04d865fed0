// The options as groups of radio buttons: the browser's own, so that keys and screen readers know them.

import { byId, make } from "../page";
import type { Choices, Product } from "../wire";
import { spinOf } from "./shop";

/** Draws all options; calls back with the new choices when one is pointed at, and when it is picked. */
export function drawSwatches(
  product: Product,
  chosen: Choices,
  onHover: (choices: Choices) => void,
  onPick: (choices: Choices) => void,
): void {
  const focused = document.activeElement?.id;
  const groups = product.options.map((option) => {
    const group = make("fieldset", { class: "option" }, make("legend", {}, option.label));
    for (const choice of option.choices) {
      const choices = { ...chosen, [option.name]: choice.value };
      const hasSpin = !!spinOf(product, choices);
      const id = `${option.name}-${choice.value}`;
      const checked = chosen[option.name] === choice.value;
      const input = make("input", { type: "radio", name: option.name, value: choice.value, id, checked });
      input.addEventListener("change", () => onPick(choices));
      const dot = make("span", { class: "dot", "aria-hidden": "true" });
      dot.style.backgroundColor = choice.swatch ?? "";
      const name = make("span", { class: "name" }, choice.label);
      if (!hasSpin) name.append(make("small", {}, " no spin yet"));
      const label = make("label", { class: hasSpin ? "swatch" : "swatch dimmed", for: id }, input, dot, name);
      for (const type of ["pointerover", "focusin"]) label.addEventListener(type, () => hasSpin && onHover(choices));
      group.append(label);
    }
    return group;
  });
  byId("options").replaceChildren(...groups);
  // Drawing anew must not take the keyboard's place away.
  if (focused) document.querySelector<HTMLElement>(`#options #${CSS.escape(focused)}`)?.focus();
}
