// Sales that are known beforehand: what is planned, and plans.

import type { PlannedLaunch } from "../api";
import { make } from "../page";
import { announce } from "../studio/announce";
import { ask, badge, button, field, openDialog } from "../studio/widgets";
import { dateOf } from "../studio/words";
import { launches } from "./api";

export interface LaunchesList {
  element: HTMLElement;
  show(planned: PlannedLaunch[]): void;
}

/** `mayPlan`: for keys of admins. `onChange` is called after the server has taken a change. */
export function launchesList(mayPlan: boolean, onChange: () => unknown): LaunchesList {
  const list = make("ul", { class: "launches small" });
  const plan = make("div", { class: "actions plan" }, button("Plan a launch", openPlan, { class: "plain small" }));
  const element = make("div", { class: "launches-part" }, list, ...(mayPlan ? [plan] : []));

  function openPlan() {
    const name = make("input", { type: "text", name: "name", required: true, maxlength: 100, autocomplete: "off" });
    const from = make("input", { type: "datetime-local", name: "from", required: true });
    const to = make("input", { type: "datetime-local", name: "to", required: true });
    const products = make("input", { type: "text", name: "products", autocomplete: "off" });
    const edges = make("input", { type: "text", name: "edges", autocomplete: "off" });
    const form = make(
      "form",
      {},
      make(
        "p",
        {},
        "From half an hour before until the end, alerts have tighter bounds and work rests that can wait. Caches are warm when it begins.",
      ),
      field("Name", name),
      field("From", from, "In the time of this device."),
      field("To", to),
      field(
        "Products",
        products,
        "As ring/solitaire, with spaces between them. Without any, the most popular spins are loaded.",
      ),
      field("Caches in front", edges, "As https://cdn.shop.example, with spaces between them."),
    );
    const { dialog, close } = openDialog("Plan a launch", form);
    const sure = button(
      "Plan",
      async () => {
        if (!form.reportValidity()) return;
        await launches.plan({
          name: name.value.trim(),
          from: new Date(from.value).toISOString(),
          to: new Date(to.value).toISOString(),
          products: words(products.value),
          edges: words(edges.value),
        });
        announce(`${name.value.trim()} is planned.`);
        close();
        await onChange();
      },
      { "data-confirm": true },
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      sure.click();
    });
    dialog.append(make("div", { class: "actions" }, button("Cancel", close, { class: "plain" }), sure));
    name.focus();
  }

  const rowOf = ({ id, name, from, until, on }: PlannedLaunch) => {
    const word = on ? "launch" : Date.parse(until) < Date.now() ? "launch, over" : "launch, planned";
    const row = make("li", {}, badge(word, on ? "warns" : ""), ` ${name}, ${dateOf(from)} to ${dateOf(until)} `);
    // Those of the settings have no number.
    if (mayPlan && id !== undefined) {
      const remove = async () => {
        const body = [
          make("p", {}, on ? "It ends at once, and has no report." : "It is not prepared, and has no report."),
        ];
        if (!(await ask({ title: `Remove ${name}?`, body, confirm: "Remove", danger: true }))) return;
        await launches.remove(id);
        announce(`${name} is removed.`);
        await onChange();
      };
      row.append(button("Remove", remove, { class: "plain small", "aria-label": `Remove ${name}` }));
    }
    return row;
  };

  return { element, show: (planned) => list.replaceChildren(...planned.map(rowOf)) };
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}
