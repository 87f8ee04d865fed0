// The npm package as a shop gets it: packed, installed from the file in an empty project without a network, imported,
// type-checked and bundled there.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const viewer = fileURLToPath(new URL("..", import.meta.url));
const run = (command, args, cwd) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
let shop;
let packed;

before(() => {
  shop = mkdtempSync(join(tmpdir(), "girasol-shop-"));
  [packed] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", shop], viewer));
  writeFileSync(join(shop, "package.json"), JSON.stringify({ name: "shop", private: true, type: "module" }));
  run("npm", ["install", "--offline", "--no-audit", "--no-fund", "--loglevel=error", `./${packed.filename}`], shop);
});
after(() => shop && rmSync(shop, { recursive: true, force: true }));

const installed = (name) => join(shop, "node_modules", name);

/** What a shop has beside it, as far as the types of its own code need it. */
function add(...names) {
  for (const name of names) {
    mkdirSync(join(installed(name), ".."), { recursive: true });
    cpSync(join(viewer, "node_modules", name), installed(name), { recursive: true });
  }
}

test("its_version_is_the_server_s", () => {
  const [, server] = /\[workspace\.package\]\nversion = "(.*)"/.exec(
    readFileSync(join(viewer, "../Cargo.toml"), "utf8"),
  );
  assert.equal(packed.version, server, `Type: (cd viewer && npm version --no-git-tag-version ${server})`);
});

test("it_holds_what_it_needs_and_nothing_else", () => {
  const { exports } = JSON.parse(readFileSync(join(installed("girasol-spin"), "package.json"), "utf8"));
  const files = packed.files.map(({ path }) => path).sort();
  const entries = Object.values(exports).flatMap((entry) => (typeof entry === "string" ? entry : Object.values(entry)));
  for (const entry of entries) assert.ok(files.includes(entry.replace("./", "")), entry);
  assert.deepEqual(
    files.filter((file) => !entries.includes(`./${file}`)),
    ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json"],
  );
});

test("it_is_imported_where_there_are_no_elements", () => {
  const script = `
    import { GirasolSpin } from "girasol-spin";
    import { configId } from "girasol-spin/ids";
    const options = [{ name: "metal", default: "gold", omitDefault: false, choices: [{ value: "gold" }] }];
    console.log(typeof GirasolSpin, configId({ id: "ring.band", options }, {}));`;
  assert.equal(
    run(process.execPath, ["--input-type=module", "--eval", script], shop),
    "function ring.band.metal-gold\n",
  );
});

test("its_types_hold_for_modules_of_node_and_of_bundlers", () => {
  add("@types/react", "csstype");
  writeFileSync(
    join(shop, "shop.ts"),
    `import { GirasolSpin, type SpinEvents } from "girasol-spin";
    import { configId, type IdProduct } from "girasol-spin/ids";
    import { GirasolSpin as Spin } from "girasol-spin/react";
    import { createElement } from "react";
    const spin: GirasolSpin = document.createElement("girasol-spin");
    spin.src = "/sequence";
    spin.addEventListener("switch", ({ detail }: SpinEvents["switch"]) => detail.ms.toFixed());
    GirasolSpin.words = { close: "Schließen" };
    export const id: string | undefined = configId({} as IdProduct, { metal: "gold" });
    export const element = createElement(Spin, { src: "/sequence", metal: "gold", onReady: ({ detail }) => detail.tier });
    // @ts-expect-error: an angle is a number.
    spin.spinTo("90");`,
  );
  const tsc = join(viewer, "node_modules/typescript/bin/tsc");
  const check = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom", "shop.ts"];
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ])
    run(process.execPath, [tsc, "--module", module, "--moduleResolution", resolution, ...check], shop);
});

test("bundlers_keep_the_second_file_for_later", async () => {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `import "girasol-spin";`, resolveDir: shop },
    bundle: true,
    splitting: true,
    format: "esm",
    outdir: join(shop, "out"),
    write: false,
    metafile: true,
  });
  const [, entry] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === "<stdin>");
  assert.ok(entry.imports.some(({ kind, path }) => kind === "dynamic-import" && /girasol-spin\.more/.test(path)));
  assert.ok(outputFiles.length > 1);
});
