// Which configurations of a product have a spin: live, waiting to be published, on their way, or none.

import type { Choices, Frameset, Job, ListedConfiguration, ListedOption, ListedProduct } from "../api";

export interface Cell {
  choices: Choices;
  state: "live" | "waits" | "encoding" | "open" | "down" | "none";
  configuration?: ListedConfiguration;
  /** The open or encoding frame set for these choices. */
  set?: Frameset;
  job?: Job;
}

/** How a product's coverage is laid out. */
export type Grid =
  | { shape: "row"; option?: ListedOption; cells: Cell[] }
  | { shape: "matrix"; rows: ListedOption; columns: ListedOption; cells: Cell[][] }
  | { shape: "list"; cells: Cell[]; missing: number };

export interface Coverage {
  grid: Grid;
  live: number;
  total: number;
}

/** A list names at most this many combinations. */
const LISTED = 60;

export function coverageOf(product: ListedProduct, sets: Frameset[], jobs: Job[]): Coverage {
  const cell = (choices: Choices) => cellOf(product, choices, sets, jobs);
  const { options, configurations } = product;
  const total = options.reduce((combinations, option) => combinations * option.choices.length, 1);
  const live = configurations.filter((configuration) => configuration.live != null).length;
  const [first, second] = options;
  if (options.length < 2) {
    const cells = first ? first.choices.map(({ value }) => cell({ [first.name]: value })) : [cell({})];
    return { grid: { shape: "row", ...(first && { option: first }), cells }, live, total };
  }
  if (options.length === 2) {
    // The longer option makes the rows: pages scroll that way.
    const [rows, columns] = first!.choices.length >= second!.choices.length ? [first!, second!] : [second!, first!];
    const cells = rows.choices.map((down) =>
      columns.choices.map((across) =>
        cell(inOrder(options, { [rows.name]: down.value, [columns.name]: across.value })),
      ),
    );
    return { grid: { shape: "matrix", rows, columns, cells }, live, total };
  }
  const there = configurations.map((known) => cell(inOrder(options, known.choices)));
  const others = combinationsOf(options, there.length + LISTED);
  const none = others.filter((choices) => !configurations.some((known) => isSame(product, known.choices, choices)));
  const cells = [...there, ...none.slice(0, Math.max(0, LISTED - there.length)).map(cell)];
  return { grid: { shape: "list", cells, missing: Math.max(0, total - cells.length) }, live, total };
}

/** Whether two configurations of a product are the same: an option that one of them does not name has its default. */
function isSame(product: ListedProduct, one: Choices, other: Choices): boolean {
  const value = (choices: Choices, option: ListedOption) => choices[option.name] ?? option.default;
  return product.options.every((option) => value(one, option) === value(other, option));
}

function cellOf(product: ListedProduct, choices: Choices, sets: Frameset[], jobs: Job[]): Cell {
  const configuration = product.configurations.find((known) => isSame(product, known.choices, choices));
  const own = sets.filter((set) => set.product === product.id && isSame(product, set.choices, choices));
  const open = own.find(({ state }) => state === "open");
  const encoding = own
    .map((set) => ({ set, job: jobs.find(({ frameset, state }) => frameset === set.id && isUnderWay(state)) }))
    .find(({ job }) => job);
  const cell: Cell = { choices, state: "none", ...(configuration && { configuration }) };
  if (open) cell.set = open;
  if (configuration?.live != null) cell.state = "live";
  else if (configuration?.latest != null && !configuration.takenDown) cell.state = "waits";
  else if (encoding?.job) Object.assign(cell, { state: "encoding", set: encoding.set, job: encoding.job });
  else if (open) cell.state = "open";
  else if (configuration?.takenDown) cell.state = "down";
  return cell;
}

function isUnderWay(state: Job["state"]): boolean {
  return state === "queued" || state === "running";
}

function combinationsOf(options: ListedOption[], most: number): Choices[] {
  let all: Choices[] = [{}];
  for (const { name, choices } of options) {
    all = all.flatMap((start) => choices.map(({ value }) => ({ ...start, [name]: value }))).slice(0, most);
  }
  return all;
}

function inOrder(options: ListedOption[], choices: Choices): Choices {
  return Object.fromEntries(options.map((option) => [option.name, choices[option.name] ?? option.default]));
}
