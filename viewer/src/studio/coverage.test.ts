import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frameset, Job, ListedOption, ListedProduct } from "../api";
import { coverageOf } from "./coverage";

const option = (name: string, ...values: string[]): ListedOption => ({
  name,
  label: name,
  default: values[0]!,
  choices: values.map((value) => ({ value, label: value, swatch: null })),
});
const configuration = (metal: string, live: number | null, latest: number | null) => ({
  id: `ring.band.metal-${metal}`,
  choices: { metal },
  live,
  latest,
  versions: latest ?? 0,
  takenDown: false,
  protected: false,
  still: null,
});
const product = (options: ListedOption[], configurations: ListedProduct["configurations"] = []): ListedProduct => ({
  id: "ring.band",
  label: "Band",
  type: "ring",
  model: "band",
  options,
  configurations,
});
const set = (id: string, choices: Record<string, string>, state: Frameset["state"]) =>
  ({ id, product: "ring.band", choices, state }) as Frameset;

test("one_option_makes_a_row_that_tells_what_has_a_spin", () => {
  const band = product(
    [option("metal", "gold", "rose", "platinum", "silver", "steel")],
    [configuration("gold", 3, 4), configuration("rose", null, 1)],
  );
  const sets = [set("a", { metal: "platinum" }, "open"), set("b", { metal: "silver" }, "committed")];
  const jobs = [{ frameset: "b", state: "running" } as Job];
  const { grid, live, total } = coverageOf(band, sets, jobs);
  assert.ok(grid.shape === "row");
  const states = grid.shape === "row" ? grid.cells.map(({ state }) => state) : [];
  assert.deepEqual(states, ["live", "waits", "open", "encoding", "none"]);
  assert.deepEqual([live, total], [1, 5]);
});

test("two_options_make_a_matrix_with_the_longer_one_down_the_page", () => {
  const { grid } = coverageOf(product([option("size", "s", "m"), option("metal", "gold", "rose", "steel")]), [], []);
  assert.ok(grid.shape === "matrix");
  if (grid.shape !== "matrix") return;
  assert.deepEqual([grid.rows.name, grid.columns.name], ["metal", "size"]);
  // Choices keep the product's order of options, for ids are made from it.
  assert.deepEqual(Object.keys(grid.cells[2]![1]!.choices), ["size", "metal"]);
});

test("an_option_that_came_later_is_left_out_of_older_configurations", () => {
  const band = product(
    [option("metal", "gold", "rose"), option("stone", "none", "ruby")],
    [configuration("gold", 1, 1)],
  );
  const { grid } = coverageOf(band, [], []);
  assert.ok(grid.shape === "matrix" && grid.cells[0]![0]!.state === "live" && grid.cells[0]![1]!.state === "none");
});

test("more_options_make_a_list_with_what_is_there_first", () => {
  const many = option("carat", ...Array.from({ length: 20 }, (_, index) => String(index)));
  const options = [option("metal", "gold", "rose"), many, option("stone", "ruby", "opal")];
  const there = { ...configuration("rose", 1, 1), choices: { metal: "rose", carat: "7", stone: "opal" } };
  const { grid, total } = coverageOf(product(options, [there]), [], []);
  assert.ok(grid.shape === "list" && grid.cells[0]!.state === "live");
  assert.equal(grid.shape === "list" && grid.cells.length + grid.missing, total);
});
