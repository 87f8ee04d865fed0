// The id of a configuration, by the server's own rules: product and choices, in the product's order of options.

import type { IdProduct } from "../ids";

/** The configuration of these choices, defaults where none was made; undefined where the product does not offer one. */
export function configId(product: IdProduct, choices: Record<string, string>): string | undefined {
  const { id, options } = product;
  const offered = ([name, value]: [string, string]) =>
    options.some((option) => option.name === name && option.choices.some((choice) => choice.value === value));
  if (!Object.entries(choices).every(offered)) return undefined;
  const pairs = options.flatMap(({ name, default: otherwise, omitDefault }) => {
    const choice = choices[name] ?? otherwise;
    // The option was added after ids existed: old ids stay valid.
    return omitDefault && choice === otherwise ? [] : [`.${name}-${choice}`];
  });
  return id + pairs.join("");
}
