// The id of a configuration, by the server's own rules: product and choices, in the product's order of options.

/** A product as the server answers it, as far as ids go. */
export interface IdProduct {
  id: string;
  options: { name: string; default: string; omitDefault: boolean; choices: { value: string }[] }[];
}

/** The configuration of these choices, defaults where none was made; undefined where the product does not offer one. */
export function configId(product: IdProduct, choices: Record<string, string>): string | undefined {
  const { id, options } = product;
  const offered = ([name, value]: [string, string]) =>
    options.some((option) => option.name === name && option.choices.some((choice) => choice.value === value));
  if (!Object.entries(choices).every(offered)) return undefined;
  const pairs = options.flatMap(({ name, default: otherwise, omitDefault }) => {
    const choice = choices[name] ?? otherwise;
    // Options that came when ids existed already: ids of old stay as they are.
    return omitDefault && choice === otherwise ? [] : [`.${name}-${choice}`];
  });
  return id + pairs.join("");
}
