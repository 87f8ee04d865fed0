import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { configId } from "./config-id";

interface Table {
  products: Record<
    string,
    { id: string; options: { name: string; default: string; omitDefault: boolean; choices: string[] }[] }
  >;
  cases: { product: string; choices: Record<string, string>; id: string | null }[];
}

test("ids_are_those_of_the_server", () => {
  const table = JSON.parse(readFileSync("../tests/names/cases.json", "utf8")) as Table;
  for (const { product, choices, id } of table.cases) {
    const known = table.products[product]!;
    const options = known.options.map((option) => ({ ...option, choices: option.choices.map((value) => ({ value })) }));
    assert.equal(configId({ id: known.id, options }, choices) ?? null, id, JSON.stringify({ product, choices }));
  }
});
