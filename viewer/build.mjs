// Bundles the viewer and the pages around it into dist, and collects the licences of what they bundle.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { minify } from "terser";

/** Style sheets that a script imports become minified texts. */
const cssText = {
  name: "css-text",
  setup: ({ onLoad }) =>
    onLoad({ filter: /src\/.*\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, "utf8"), { loader: "css", minify: true, target: "es2022" });
      // esbuild leaves the spaces in values of custom properties.
      return { contents: code.trim().replaceAll(/([,:]) /g, "$1"), loader: "text" };
    }),
};

/** The runbook is one text, wherever it is read. */
const runbookText = {
  name: "runbook-text",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /\/runbook-text$/ }, () => ({
      path: fileURLToPath(new URL("../docs/runbook.md", import.meta.url)),
    }));
    onLoad({ filter: /runbook\.md$/ }, ({ path }) => ({ contents: readFileSync(path, "utf8"), loader: "text" }));
  },
};

const shared = {
  bundle: true,
  minify: true,
  charset: "utf8",
  format: "esm",
  target: "es2022",
  // A parameter that is a property needs no declaration beside it.
  tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  entryNames: "[name]",
  plugins: [cssText, runbookText],
  logLevel: "warning",
};

const { metafile } = await build({
  ...shared,
  entryPoints: ["src/demo.ts", "src/docs.ts", "src/studio.ts", "studio/studio.css", "src/ops.ts", "ops/ops.css"],
  outdir: "dist",
  metafile: true,
});

// Shops' visitors load these, the second one once the turn is there, the third one on pages that are not in English:
// terser makes them a few hundredths smaller than esbuild does. They are files of their own, each found beside the one that
// loads it, as a module and as a plain script.
const options = {
  module: true,
  ecma: 2022,
  compress: { passes: 8, unsafe: true, unsafe_arrows: true, inline: 1, keep_fargs: false, pure_getters: true },
  format: { ecma: 2022 },
};
// Properties that begin with `is`, `has` or `on`, or end in a unit, and a few others, are the viewer's own and get short names,
// the same in both files. Those that are the browser's or the language's keep theirs.
const names = {
  mangleProps:
    /^(is|has|on)[A-Z]|(Ms|Px|Mbps|Gib)$|^(abandon|addSwitch|adopt|aim|begin|broken|brought|canvas|chunks|coming|describe|expect|extra|fade|grid|helper|leave|loader|mark|maxBytes|near|note|picture|place|prefetch|queue|refine|refresh|requestSequence|retain|reveal|say|screen|setNear|settled|sink|sleep|stages|started|switchedAt|toLocal|turnBy|turnTo|weight)$/,
  reserveProps:
    /^(is(Array|Composing|Connected|Finite|Integer|Intersecting|NaN|Primary|Trusted)|has(Attribute|Focus|Own|PointerCapture))$/,
};
const external = ["./girasol-spin.more.js", "./girasol-spin.words.js"];
let mangleCache = {};
for (const name of ["girasol-spin", "girasol-spin.more", "girasol-spin.words"]) {
  const own = { ...shared, ...names, mangleCache, external, entryPoints: [`src/${name}.ts`], write: false };
  const { outputFiles, ...built } = await build(own);
  mangleCache = built.mangleCache;
  writeFileSync(`dist/${name}.js`, (await minify(outputFiles[0].text, options)).code);
}

// The same as a plain script, and the service worker, which is one.
const code = readFileSync("dist/girasol-spin.js", "utf8");
const classic = code.replace(/export\{([\w$]+) as GirasolSpin\};?\s*$/, (_, name) => `globalThis.GirasolSpin=${name}`);
if (classic === code) throw new Error("the module no longer ends with its export");
writeFileSync("dist/girasol-spin.classic.js", `(()=>{${classic}})();`);
await build({ ...shared, entryPoints: ["src/girasol-sw.ts", "src/demo-first.ts"], format: "iife", outdir: "dist" });
await build({ ...shared, entryPoints: ["src/config-id.ts"], outdir: "dist" });

const packages = Object.keys(metafile.inputs).map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
const texts = [...new Set(packages)].filter(Boolean).sort().map(licenceOf);
writeFileSync("dist/studio.LICENSES.txt", texts.join(`\n${"-".repeat(80)}\n\n`));

/** Name, version, licence, and its text where the package has one. */
function licenceOf(name) {
  const folder = `node_modules/${name}`;
  const { version, license, author } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  if (!["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause"].includes(license)) throw new Error(`${name}: ${license}`);
  const file = existsSync(folder) && readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const by = typeof author === "string" ? author : author?.name;
  const text = file ? readFileSync(`${folder}/${file}`, "utf8").trim() : `By ${by ?? "its authors"}.`;
  return `${name} ${version} (${license})\n\n${text}\n`;
}
