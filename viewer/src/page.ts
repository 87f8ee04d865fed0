// Small helpers for the pages around the viewer.

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

type Attributes = Record<string, string | number | boolean | undefined>;

/** Creates an element; `true` sets an attribute, `false` leaves it out. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/** Bytes in kB (1000 bytes), as in budgets. */
export function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toLocaleString("en", { maximumFractionDigits: bytes < 100_000 ? 1 : 0 })} kB`;
}

/** A number with its noun, in the plural where needed. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Shows a swatch: a colour, or a picture by its address. */
export function paintSwatch(dot: HTMLElement, swatch: string | null | undefined): void {
  if (!swatch) return;
  if (swatch.startsWith("#")) dot.style.backgroundColor = swatch;
  else dot.style.background = `center / cover url("${encodeURI(swatch)}")`;
}
