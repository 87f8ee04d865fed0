import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

/** The viewer's folders, each of which imports only from those before it. The files beside them import only wire.ts. */
const LAYERS = ["rules", "screen", "loader", "element", "more"];

// Tests run in `viewer`.
const files = readdirSync("src", { recursive: true }).filter((name) => /(?<!\.test|\.d)\.ts$/.test(name));
const imports = new Map(files.map((file) => [file, importsOf(file)]));

/** The files that a file imports, types too. */
function importsOf(file: string): string[] {
  const found = readFileSync(`src/${file}`, "utf8").matchAll(/ from "(\.[^"]+)"/g);
  return [...found].map(([, path]) => `${new URL(path!, `file:///${file}`).pathname.slice(1)}.ts`);
}

test("no_file_imports_itself_through_others", () => {
  const done = new Set<string>();
  const visit = (file: string, trail: string[]) => {
    assert.ok(!trail.includes(file), [...trail, file].join(" -> "));
    if (done.has(file)) return;
    for (const next of imports.get(file) ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

test("each_layer_of_the_viewer_imports_only_what_is_below_it", () => {
  for (const [file, list] of imports) {
    const [folder] = file.split("/") as [string];
    const own = LAYERS.indexOf(folder);
    if (own < 0) continue;
    for (const target of list) {
      const [above] = target.split("/") as [string];
      assert.ok(LAYERS.indexOf(above) <= own, `${file} imports ${target}`);
      assert.ok(!["studio", "demo", "docs", "page.ts"].includes(above), `${file} imports ${target}`);
    }
  }
  for (const shared of ["events.ts", "vitals.ts", "motion.ts"]) {
    assert.deepEqual(
      (imports.get(shared) ?? []).filter((target) => target !== "wire.ts"),
      [],
    );
  }
});
