// Takes the pictures of docs/images of a running demo: `make pictures`, or GIRASOL_URL=… GIRASOL_KEY=… npm run pictures.
// Each file beside this one exports `pictures`: `{ file, options, take(page, { url, key }) }`. `take` brings a page of the
// browser with these options to where the picture is taken. Arguments pick pictures by their files' names.

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { launch } from "../e2e/browser.mjs";

const here = new URL(".", import.meta.url);
const into = fileURLToPath(new URL("../../docs/images/", here));
const { GIRASOL_URL: url, GIRASOL_KEY: key } = process.env;
const picked = process.argv.slice(2);

const files = readdirSync(here).filter((file) => file.endsWith(".mjs") && file !== "pictures.mjs");
const modules = await Promise.all(files.sort().map((file) => import(new URL(file, here))));
const all = modules.flatMap(({ pictures }) => pictures);
const unknown = picked.filter((name) => !all.some((picture) => picture.file === name));
if (unknown.length) throw new Error(`no such picture: ${unknown}; there are ${all.map(({ file }) => file)}`);

const browser = await launch();
for (const { file, options, take } of all) {
  if (picked.length && !picked.includes(file)) continue;
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await take(page, { url, key });
  await page.screenshot({ path: into + file, ...(/jpg$/.test(file) && { quality: 88 }) });
  console.log(`docs/images/${file}`);
  await context.close();
}
await browser.close();
