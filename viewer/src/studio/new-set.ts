// The form that opens a frame set, for known choices or for a product or choice that does not exist yet.

import type { Choices, ListedProduct } from "../api";
import { make } from "../page";
import { sets, wordsOf } from "./api";
import { slugged, wrongChoice, wrongOption, wrongProduct } from "./names";
import { goTo, setHash } from "./routes";
import { button, field, openDialog } from "./widgets";

/** Opens a set for these choices, and its page. */
export async function startSet(product: string, choices: Choices): Promise<void> {
  const set = await sets.open(product, choices);
  goTo(setHash(set.id));
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
    make("p", { class: "quiet small" }, "A new product, option or choice is created when the frames are encoded."),
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
      await startSet(product.value, choices);
      close();
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
