// The form that opens a frame set, for known choices or for a product or choice that does not exist yet.

import type { Choices, Frameset, ListedProduct, NewChoice } from "../api";
import { make } from "../page";
import { Problem, sets, wordsOf } from "./api";
import { slugged, wrongChoice, wrongOption, wrongProduct } from "./names";
import { goTo, setHash } from "./routes";
import { ask, button, field, openDialog } from "./widgets";

/** Opens a set for these choices, and its page, once it is known that new choices are meant. Resolves with whether it did. */
export async function startSet(product: string, choices: Choices): Promise<boolean> {
  const set = await openSet(product, choices);
  if (set) goTo(setHash(set.id));
  return !!set;
}

/** Opens a set for these choices, once it is known that new choices are meant; undefined where they are not. */
export async function openSet(product: string, choices: Choices): Promise<Frameset | undefined> {
  try {
    return await sets.open(product, choices);
  } catch (reason) {
    if (!(reason instanceof Problem) || reason.slug !== "new-choice") throw reason;
    if (!(await areMeant(product, reason.newChoices))) return undefined;
    return sets.open(product, choices, true);
  }
}

/** Asks whether choices are to be created that the product does not have. */
function areMeant(product: string, newChoices: NewChoice[]): Promise<boolean> {
  const lines = newChoices.map(({ option, choice, isNewOption, near }) => {
    const named = make("code", {}, isNewOption ? option : `${option}=${choice}`);
    const meant = near ? [" Did you mean ", make("code", {}, `${option}=${near}`), "?"] : [];
    return make("li", {}, named, isNewOption ? " is a new option." : " is a new choice.", ...meant);
  });
  const body = [
    make("p", {}, `${product} does not have this yet:`),
    make("ul", { id: "new-choices" }, ...lines),
    make("p", { class: "quiet" }, "It stays on the product, which is public, once the frames are published."),
  ];
  return ask({ title: "Create it for the whole product?", body, confirm: "Create it" });
}

interface Row {
  element: HTMLElement;
  option: HTMLInputElement;
  choice: HTMLInputElement;
}

let lists = 0;

const tidyProduct = (text: string) => text.toLowerCase().trim().replace("/", ".");

/** Shows the form for a product and its choices. */
export function askForSet(products: ListedProduct[], start?: ListedProduct): void {
  const rows: Row[] = [];
  const pairs = make("div", { class: "pairs" });
  const product = make("input", {
    id: "new-product",
    type: "text",
    required: true,
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "ring.solitaire",
    value: start?.id ?? "",
    list: listOf(products.map(({ id }) => id)),
  });
  const error = make("p", { class: "error", role: "alert" });
  const submit = make("button", { type: "submit", id: "new-start" }, "Start");

  const addRow = (option = "", fixed = false): Row => {
    const known = () =>
      products
        .find(({ id }) => id === tidyProduct(product.value))
        ?.options.find(({ name }) => name === optionInput.value);
    const optionInput = make("input", {
      type: "text",
      placeholder: "metal",
      value: option,
      readonly: fixed,
      required: true,
      autocomplete: "off",
      spellcheck: "false",
      "data-role": "option",
    });
    const choice = make("input", {
      type: "text",
      placeholder: "rose-gold",
      required: true,
      autocomplete: "off",
      spellcheck: "false",
      "data-role": "choice",
      list: listOf(known()?.choices.map(({ value }) => value) ?? []),
    });
    const optionField = checked("Option", optionInput, wrongOption, (text) => text.toLowerCase().trim());
    const choiceField = checked("Choice", choice, wrongChoice, slugged);
    const element = make("div", { class: "pair" }, optionField, choiceField);
    const row = { element, option: optionInput, choice };
    if (!fixed) {
      const remove = () => {
        rows.splice(rows.indexOf(row), 1);
        element.remove();
        more.focus();
      };
      element.append(button("×", remove, { class: "plain small", "aria-label": "Remove this option" }));
    }
    rows.push(row);
    pairs.append(element);
    return row;
  };
  const follow = () => {
    const known = products.find(({ id }) => id === tidyProduct(product.value));
    const typed = new Map(rows.map(({ option, choice }) => [option.value, choice.value]));
    const names = known ? known.options.map(({ name }) => name) : [...typed.keys()];
    rows.length = 0;
    pairs.replaceChildren();
    for (const name of names.length ? names : ["metal"]) addRow(name, !!known).choice.value = typed.get(name) ?? "";
  };
  const more = button("Another option", () => addRow().option.focus(), { class: "plain" });

  const form = make(
    "form",
    { class: "new-set", novalidate: true },
    checked("Product", product, wrongProduct, tidyProduct),
    pairs,
    make("div", { class: "actions" }, more),
    make("p", { class: "quiet small" }, "A new product is created when the frames are encoded."),
    error,
  );
  const { close } = openDialog("New frame set", form);
  form.append(make("div", { class: "actions" }, button("Cancel", close, { class: "plain" }), submit));
  // On input, not on change: a change event comes as the focus moves, and would replace the field that gets it.
  product.addEventListener("input", follow);
  follow();
  (start ? rows[0]?.choice : product)?.focus();

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const inputs = [...form.querySelectorAll("input")];
    inputs.forEach((input) => input.dispatchEvent(new Event("change")));
    const wrong = form.querySelector<HTMLInputElement>("[aria-invalid=true]");
    if (wrong) return wrong.focus();
    const choices = Object.fromEntries(rows.map(({ option, choice }) => [option.value, choice.value]));
    if (Object.keys(choices).length < rows.length) {
      error.textContent = "An option is named twice.";
      return;
    }
    submit.disabled = true;
    try {
      if (await startSet(product.value, choices)) close();
    } catch (reason) {
      error.textContent = wordsOf(reason);
    } finally {
      submit.disabled = false;
    }
  });
}

/** A field that normalizes its text and shows below what is wrong with it. */
function checked(
  label: string,
  input: HTMLInputElement,
  wrong: (text: string) => string | undefined,
  tidy: (text: string) => string,
): HTMLLabelElement {
  const below = make("small", { class: "error" });
  below.id = `wrong-${++lists}`;
  input.setAttribute("aria-describedby", below.id);
  // Checked as if it were normalized: an error that vanishes as the focus leaves would move the buttons below.
  const check = () => {
    const words = wrong(tidy(input.value));
    below.textContent = words ?? "";
    input.setAttribute("aria-invalid", String(!!words));
  };
  input.addEventListener("change", () => {
    input.value = tidy(input.value);
    check();
  });
  // A field that was wrong is checked again at every key.
  input.addEventListener("input", () => input.getAttribute("aria-invalid") === "true" && check());
  return field(label, input, below);
}

/** Creates a list of suggestions and returns its id. */
function listOf(values: string[]): string {
  const list = make("datalist", { id: `suggested-${++lists}` }, ...values.map((value) => make("option", { value })));
  const old = [...document.querySelectorAll("datalist")].slice(0, -20);
  old.forEach((element) => element.remove());
  document.body.append(list);
  return list.id;
}
