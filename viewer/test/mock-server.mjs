// A stand-in for the server, to work on the viewer without building it: `npm run mock -- FRAMES [PORT]`.
//
// FRAMES holds a folder for each metal, `ring-{metal}`, with frames `{degree}.webp` and, where wanted,
// `{degree}.avif`. Nothing is encoded here: tiers are picked from the degrees that are there.
// MOCK_STAGE=N makes it answer as if everything were still being encoded for N seconds.

import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { framesOf, manifestOf, objectAt } from "./mock-spins.mjs";

const [frames, port = "8361"] = process.argv.slice(2);
if (!frames) {
  console.error("usage: mock-server.mjs FRAMES [PORT]");
  process.exit(2);
}
const viewer = new URL("..", import.meta.url);
const emptyUntil = Date.now() + 1000 * Number(process.env.MOCK_STAGE ?? 0);
const metals = [
  { value: "yellow-gold", label: "Yellow Gold", swatch: "#d4b06a" },
  { value: "rose-gold", label: "Rose Gold", swatch: "#d9a08b" },
  { value: "platinum", label: "Platinum", swatch: "#c9ccd1" },
  { value: "black-rhodium", label: "Black Rhodium", swatch: "#3b3b40" },
];
const stones = [
  { value: "diamond", label: "Diamond", swatch: "#e8f0f4" },
  { value: "ruby", label: "Ruby", swatch: "#a5173a" },
];
const manifests = new Map();
for (const folder of readdirSync(frames).filter((name) => name.startsWith("ring-"))) {
  const metal = folder.slice("ring-".length);
  const configuration = idOf({ metal, stone: "diamond" });
  manifests.set(configuration, manifestOf(configuration, framesOf(join(frames, folder))));
}

function idOf({ metal, stone }) {
  return `ring.solitaire.metal-${metal}.stone-${stone}`;
}

function sequenceUrl(id) {
  return `/api/products/customizable/${id}/sequence`;
}

function product() {
  const spun = (choices) => manifests.has(idOf(choices));
  const defaults = { metal: "yellow-gold", stone: "diamond" };
  const choices = (list, name) =>
    list.map((choice) => ({ ...choice, spin: spun({ ...defaults, [name]: choice.value }) }));
  const shown = (choices) => ({ configId: idOf(choices), choices, spin: spun(choices) });
  return {
    id: "ring.solitaire",
    jewelryType: "ring",
    baseModel: "solitaire",
    label: "Solitaire",
    options: [
      { name: "metal", label: "Metal", default: "yellow-gold", choices: choices(metals, "metal") },
      { name: "stone", label: "Stone", default: "diamond", choices: choices(stones, "stone") },
    ],
    default: shown(defaults),
    popular: [shown(defaults)],
    spins: metals
      .map((metal) => ({ metal: metal.value, stone: "diamond" }))
      .filter(spun)
      .map((choices) => ({ configId: idOf(choices), choices, sequence: sequenceUrl(idOf(choices)) })),
  };
}

function negotiated(manifest, query) {
  const tier = query.get("tier") ?? "standard";
  const count = Number(query.get("frames") ?? manifest.tiers[tier]?.frames);
  const key = `${tier}-${count}` in manifest.tiers ? `${tier}-${count}` : tier;
  const format = query.get("format") ?? "webp";
  if (!manifest.tiers[key]?.formats[format] || manifest.tiers[key].frames !== count) return undefined;
  const because = query.get("tier") ? [`asked: tier ${tier}`] : ["network: 4g or unknown", "device: high-end"];
  if (query.get("format")) because.push(`asked: format ${format}`);
  const answer = { ...manifest, selected: { tier, frames: count, format, because } };
  if (query.get("explain")) answer.explain = { hints: { accept: "*/*", "sec-ch-ua-mobile": "?0", dpr: "1" } };
  return answer;
}

const TYPES = { html: "text/html; charset=utf-8", css: "text/css", js: "text/javascript" };
const FILES = {
  "/": "demo/index.html",
  "/demo.css": "demo/demo.css",
  "/demo.js": "dist/demo.js",
  "/girasol-spin.js": "dist/girasol-spin.js",
};

async function answer(request) {
  const { pathname: path, searchParams: query } = new URL(request.url, "http://localhost");
  const empty = Date.now() < emptyUntil;
  const json = (status, body) => [status, "application/json", JSON.stringify(body)];
  const problem = (status, title) => [status, "application/problem+json", JSON.stringify({ status, title })];
  if (FILES[path]) return [200, TYPES[FILES[path].split(".").pop()], readFileSync(new URL(FILES[path], viewer))];
  if (path === "/api/products/customizable/ring/solitaire")
    return empty ? problem(404, "No such product") : json(200, product());
  const object = objectAt(path);
  if (object) return [200, ...object];
  const [, id, what] = /^\/api\/products\/customizable\/([\w.-]+)\/(sequence|status|configure)$/.exec(path) ?? [];
  if (what === "sequence" && manifests.has(id) && !empty) {
    const manifest = negotiated(manifests.get(id), query);
    return manifest ? json(200, manifest) : problem(400, "Not in the manifest");
  }
  if (what === "status") {
    if (!empty) return json(200, { configId: id, status: manifests.has(id) ? "ready" : "unavailable" });
    const done = 12 - Math.ceil((emptyUntil - Date.now()) / 1000);
    return json(200, {
      configId: id,
      status: "processing",
      stage: "encode preview",
      done: Math.max(0, done),
      total: 12,
    });
  }
  if (what === "configure" && request.method === "POST") {
    let body = "";
    for await (const part of request) body += part;
    const choices = { metal: "yellow-gold", stone: "diamond", ...JSON.parse(body).choices };
    const configId = idOf(choices);
    if (manifests.has(configId)) return json(200, { configId, status: "ready", sequence: sequenceUrl(configId) });
    const near = {
      metal: manifests.has(idOf({ ...choices, stone: "diamond" })) ? choices.metal : "yellow-gold",
      stone: "diamond",
    };
    const nearest = { configId: idOf(near), choices: near, sequence: sequenceUrl(idOf(near)) };
    return json(202, { configId, status: "unavailable", nearest });
  }
  return problem(404, "Not found");
}

createServer(async (request, response) => {
  const [status, type, body] = await answer(request);
  const headers = { "Content-Type": type, "Cache-Control": "no-cache" };
  if (type.startsWith("text/html"))
    headers["Content-Security-Policy"] = "default-src 'self'; img-src 'self' data: blob:";
  response.writeHead(status, headers).end(body);
}).listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/`));
