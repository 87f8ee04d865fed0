// The list of a page's keys, and the switch that turns them off for those who speak to their computer.

import { make } from "../page";
import { button, openDialog } from "./widgets";

/** `off` is where the browser keeps that they are switched off; `label` is that of the switch. */
export function showKeyList(list: [string, string][], off: string, label: string): void {
  const rows = list.flatMap(([key, what]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, what)]);
  const on = make("input", { type: "checkbox", checked: !localStorage.getItem(off) });
  on.addEventListener("change", () => (on.checked ? localStorage.removeItem(off) : localStorage.setItem(off, "1")));
  const { dialog, close } = openDialog(
    "Keys",
    make("dl", { class: "keys" }, ...rows),
    make("label", { class: "check" }, on, make("span", {}, label)),
  );
  dialog.append(make("div", { class: "actions" }, button("Close", close, { autofocus: true })));
  dialog.querySelector<HTMLElement>(".actions button")?.focus();
}

/** Whether a key is meant for a field, and not for the page. `inputs` are those that take keys. */
export function isTyping(target: EventTarget | null, inputs = "input"): boolean {
  return target instanceof HTMLElement && !!target.closest(`${inputs}, select, textarea, [contenteditable]`);
}
