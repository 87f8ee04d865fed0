// The page that the figures are written into: benches/viewer.md, each table between marks of its own.

import { readFileSync, writeFileSync } from "node:fs";

const SHEET = new URL("../viewer.md", import.meta.url);

export function table(heads, rows, aligned = "l".padEnd(heads.length, "r")) {
  const rules = [...aligned].map((side) => (side === "r" ? "---:" : "---"));
  return [heads, rules, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Prints a section and writes it between its marks. */
export function write(name, text) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const sheet = readFileSync(SHEET, "utf8");
  const [from, to] = [sheet.indexOf(begin), sheet.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`benches/viewer.md has no place for ${name}`);
  writeFileSync(SHEET, `${sheet.slice(0, from)}${begin}\n\n${text}\n\n${sheet.slice(to)}`);
  console.log(`${text}\n`);
}

export function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
