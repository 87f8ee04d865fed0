// Addresses: which configuration the address of a sequence names, and the address of another configuration.

import type { Choices, Manifest } from "../wire";

// An option's name has no hyphen, so that the first one ends it.
const SEQUENCE = /^(.*\/)([\w-]+\.[\w-]+)((?:\.\w+-[\w-]+)*)\/sequence(?=\?|$)/;

/** What stands before the product in the address of a sequence, the product, and its choices; each empty in another address. */
export function partsOf(src: string): [before: string, product: string, choices: string] {
  const [, before = "", product = "", choices = ""] = SEQUENCE.exec(src) ?? [];
  return [before, product, choices];
}

/** The configuration in the address of a sequence. */
export function configurationOf(src: string): string | undefined {
  const [, product, choices] = partsOf(src);
  return product + choices || undefined;
}

/** The product in a configuration's id. */
export function productOf(configuration: string): string {
  return configuration.split(".", 2).join(".");
}

/** The choices in a configuration's id. */
export function choicesOf(configuration = ""): Choices {
  const pairs = configuration.split(".").slice(2);
  return Object.fromEntries(pairs.map((pair) => pair.split(/-(.*)/s).slice(0, 2) as [string, string]));
}

/** The options that an element with this address and manifest can change. */
export function optionsOf(src: string, manifest?: Manifest): string[] {
  const listed = (manifest?.siblings ?? []).flatMap(({ choices }) => Object.keys(choices));
  return [...new Set([...Object.keys(choicesOf(configurationOf(src))), ...listed])];
}

/** The address of the same product with other choices; undefined where only the server knows it. */
export function withChoices(src: string, chosen: Choices, manifest?: Manifest): string | undefined {
  const own = configurationOf(src);
  const has = choicesOf(own);
  const changed = Object.entries(chosen).filter(([option, choice]) => has[option] !== choice);
  if (!own || !changed.length) return src;
  const [[first, wanted]] = changed as [[string, string]];
  const isListed = manifest?.configuration === own && changed.length === 1;
  let id = isListed && manifest.siblings?.find(({ choices }) => choices[first] === wanted)?.configuration;
  // Ids leave out the default of an option that was added later.
  if (!id && changed.every(([option]) => has[option]))
    id = changed.reduce((id, [option, choice]) => id.replace(`.${option}-${has[option]}`, `.${option}-${choice}`), own);
  return id ? src.replace(SEQUENCE, (_, before) => `${before}${id}/sequence`) : undefined;
}
