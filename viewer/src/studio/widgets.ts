// Buttons, badges, bars and questions that the pages share.

import { make } from "../page";
import { wordsOf } from "./api";

type Attributes = Record<string, string | number | boolean | undefined>;

/** A button that is disabled while its action runs; a failure is shown below it. */
export function button(label: string, act: () => unknown, attributes: Attributes = {}): HTMLButtonElement {
  const made = make("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", () => void run(made, act));
  return made;
}

async function run(pressed: HTMLButtonElement, act: () => unknown): Promise<void> {
  if (pressed.getAttribute("aria-busy") === "true") return;
  pressed.setAttribute("aria-busy", "true");
  try {
    await act();
  } catch (error) {
    tellFailure(error);
  } finally {
    pressed.removeAttribute("aria-busy");
  }
}

/** Shows a failure in a dialog. */
export function tellFailure(error: unknown): void {
  const { dialog, close } = openDialog("That did not work", make("p", { role: "alert" }, wordsOf(error)));
  dialog.append(make("div", { class: "actions" }, button("Close", close, { autofocus: true })));
}

/** A short coloured label. */
export function badge(text: string, kind: string): HTMLSpanElement {
  return make("span", { class: `badge ${kind}` }, text);
}

export function link(text: string, href: string, attributes: Attributes = {}): HTMLAnchorElement {
  return make("a", { href, ...attributes }, text);
}

/** A panel with a heading. */
export function panel(title: string, attributes: Attributes = {}, ...children: (Node | string)[]): HTMLElement {
  const heading = make("h2", {}, title);
  heading.id = `${attributes.id ?? title.toLowerCase().replace(/\W+/g, "-")}-title`;
  return make("section", { class: "panel", "aria-labelledby": heading.id, ...attributes }, heading, ...children);
}

/** A labelled control, with a hint or an error below it. */
export function field(label: string, control: HTMLElement, hint?: string | HTMLElement): HTMLLabelElement {
  const below = typeof hint === "string" ? make("small", { class: "hint" }, hint) : hint;
  return make("label", { class: "field" }, make("span", {}, label), control, ...(below ? [below] : []));
}

/** A select with these values and labels. */
export function select(options: [string, string][], chosen: string, attributes: Attributes = {}): HTMLSelectElement {
  const made = options.map(([value, label]) => make("option", { value, selected: value === chosen }, label));
  return make("select", attributes, ...made);
}

export interface Opened {
  dialog: HTMLDialogElement;
  close: () => void;
}

/** Opens a dialog; Escape closes it, and the focus returns. */
export function openDialog(title: string, ...content: (Node | string)[]): Opened {
  const heading = make("h2", { id: `dialog-${++dialogs}` }, title);
  const dialog = make("dialog", { "aria-labelledby": heading.id }, heading, ...content);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, close: () => dialog.close() };
}
let dialogs = 0;

export interface Question {
  title: string;
  body: (Node | string)[];
  /** The label of the button that confirms. */
  confirm: string;
  danger?: boolean;
  /** A word that has to be typed first. */
  word?: string;
}

/** Asks for confirmation; resolves with the answer. */
export function ask({ title, body, confirm, danger, word }: Question): Promise<boolean> {
  return new Promise((resolve) => {
    const form = make("form", { method: "dialog" }, ...body);
    const { dialog, close } = openDialog(title, form);
    const sure = make(
      "button",
      { type: "submit", class: danger ? "danger" : "", "data-confirm": true, disabled: !!word },
      confirm,
    );
    if (word) {
      const input = make("input", { type: "text", autocomplete: "off", spellcheck: "false", autofocus: true });
      input.addEventListener("input", () => (sure.disabled = input.value.trim() !== word));
      form.append(field(`Type ${word}`, input));
    }
    const cancel = button("Cancel", close, { class: "plain", autofocus: !word });
    form.append(make("div", { class: "actions" }, cancel, sure));
    let wanted = false;
    form.addEventListener("submit", () => (wanted = true));
    dialog.addEventListener("close", () => resolve(wanted));
    // The dialog was opened before its fields existed, so it has put the focus elsewhere.
    dialog.querySelector<HTMLElement>("input[autofocus], button[autofocus]")?.focus();
  });
}

/** Waits, and goes on waiting while the page is hidden; ends early when the page is left. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener("abort", end, { once: true });
  });
  if (!document.hidden || signal.aborted) return;
  await new Promise<void>((resolve) => {
    document.addEventListener("visibilitychange", () => resolve(), { once: true, signal });
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
