/** A product as `GET /api/products/customizable/{type}/{model}` answers it, as far as ids go. */
export interface IdProduct {
  id: string;
  options: { name: string; default: string; omitDefault: boolean; choices: { value: string }[] }[];
}

/** The configuration of these choices, defaults where none was made; undefined where the product does not offer one. */
export function configId(product: IdProduct, choices: Record<string, string>): string | undefined;
