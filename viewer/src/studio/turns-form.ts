// The question that a drop of several turns asks: which configuration each of them is of.

import type { Choices, ListedOption } from "../api";
import { count, make } from "../page";
import { isArchive } from "./leave-out";
import { choicesIn } from "./matching";
import { slugged, wrongChoice } from "./names";
import type { Turn } from "./sorting";
import { button, openDialog } from "./widgets";
import { titleOf } from "./words";

/** A turn, and the configuration that it is of. */
export interface Assigned {
  turn: Turn;
  choices: Choices;
}

interface Row {
  turn: Turn;
  isWanted: HTMLInputElement;
  inputs: [string, HTMLInputElement][];
  error: HTMLElement;
}

let forms = 0;

/** Asks for the configuration of each turn. `options` are those of the product, `own` the choices of the set on the page. */
export function askForTurns(turns: Turn[], options: ListedOption[], own: Choices): Promise<Assigned[] | undefined> {
  const form = make("form", { class: "turns", novalidate: true });
  const number = ++forms;
  const lists = options.map(({ name, choices }) =>
    make("datalist", { id: listId(number, name) }, ...choices.map(({ value }) => make("option", { value }))),
  );
  const rows = turns.map((turn) => rowOf(turn, options, own, number));
  const head = ["Upload", "Folder", ...options.map(({ label, name }) => label || titleOf(name))];
  const body = rows.map(({ turn, isWanted, inputs, error }) => {
    const what = isArchive(turn.name) ? "archive" : count(turn.files.length, "frame");
    const folder = make("th", { scope: "row" }, turn.name || "without a folder");
    folder.append(make("span", { class: "quiet small" }, what), error);
    return make("tr", {}, make("td", {}, isWanted), folder, ...inputs.map(([, input]) => make("td", {}, input)));
  });
  const table = make(
    "table",
    {},
    make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...body),
  );
  const submit = make("button", { type: "submit", id: "take-turns" }, "Upload");
  form.append(
    make("p", {}, "Each folder becomes a frame set of its own. They are uploaded one after the other."),
    make("div", { class: "scroll" }, table),
    ...lists,
  );
  const { dialog, close } = openDialog(`The drop holds ${turns.length} turns`, form);
  dialog.classList.add("wide");
  form.append(make("div", { class: "actions" }, button("Cancel", close, { class: "plain" }), submit));

  const check = () => {
    const seen = new Map<string, string>();
    let wanted = 0;
    for (const { turn, isWanted, inputs, error } of rows) {
      for (const [, input] of inputs) input.disabled = !isWanted.checked;
      const wrong = inputs.map(([, input]) => wrongChoice(slugged(input.value)));
      const key = JSON.stringify(inputs.map(([, input]) => slugged(input.value)));
      const other = seen.get(key);
      const words = wrong.find(Boolean) ?? (other === undefined ? undefined : `The folder “${other}” is of this one.`);
      error.textContent = isWanted.checked ? (words ?? "") : "";
      inputs.forEach(([, input], index) =>
        input.setAttribute("aria-invalid", String(isWanted.checked && (!!wrong[index] || other !== undefined))),
      );
      if (!isWanted.checked) continue;
      wanted += 1;
      if (!wrong.some(Boolean) && other === undefined) seen.set(key, turn.name);
    }
    submit.textContent = `Upload ${count(wanted, "turn")}`;
    submit.disabled = !wanted;
    return wanted > 0 && wanted === seen.size;
  };
  form.addEventListener("input", check);
  check();
  (form.querySelector<HTMLElement>("[aria-invalid=true]") ?? submit).focus();

  return new Promise((resolve) => {
    let answer: Assigned[] | undefined;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!check()) return form.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
      const choicesOf = ({ inputs }: Row) =>
        Object.fromEntries(inputs.map(([name, input]) => [name, slugged(input.value)]));
      answer = rows
        .filter(({ isWanted }) => isWanted.checked)
        .map((row) => ({ turn: row.turn, choices: choicesOf(row) }));
      close();
    });
    dialog.addEventListener("close", () => resolve(answer));
  });
}

function rowOf(turn: Turn, options: ListedOption[], own: Choices, form: number): Row {
  const meant = choicesIn(turn.name, options);
  const folder = turn.name || "files without a folder";
  const error = make("small", { class: "error" });
  const inputs = options.map(({ name, label }): [string, HTMLInputElement] => {
    // What the name says nothing of is as in the set of this page, unless the name says nothing at all.
    const value = meant[name] ?? (Object.keys(meant).length ? (own[name] ?? "") : "");
    const input = make("input", {
      type: "text",
      value,
      list: listId(form, name),
      autocomplete: "off",
      spellcheck: "false",
      "aria-label": `${label || titleOf(name)} of ${folder}`,
      "data-option": name,
    });
    return [name, input];
  });
  const isWanted = make("input", { type: "checkbox", checked: true, "aria-label": `Upload ${folder}` });
  return { turn, isWanted, inputs, error };
}

function listId(form: number, option: string): string {
  return `turns-${form}-${option}`;
}
