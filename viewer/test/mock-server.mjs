// A stand-in for the server, to work on the viewer without building it: `npm run mock -- FRAMES [PORT]`.
//
// FRAMES holds a folder for each metal, `ring-{metal}`, with frames `{degree}.webp` and, where wanted,
// `{degree}.avif`. Nothing is encoded here: tiers are picked from the degrees that are there.
// MOCK_STAGE=N makes it answer as if everything were still being encoded for N seconds.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

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
const TIERS = {
  still: { count: 1, budget: 10_000 },
  preview: { count: 12, budget: 50_000 },
  standard: { count: 36, budget: 150_000 },
  "standard-24": { count: 24, budget: 100_000 },
  hd: { count: 60, budget: 500_000 },
};

const packs = new Map();
const sets = new Map();
const manifests = new Map();
for (const folder of readdirSync(frames).filter((name) => name.startsWith("ring-"))) {
  const metal = folder.slice("ring-".length);
  const configuration = idOf({ metal, stone: "diamond" });
  manifests.set(configuration, manifestOf(configuration, join(frames, folder)));
}

function idOf({ metal, stone }) {
  return `ring.solitaire.metal-${metal}.stone-${stone}`;
}

function manifestOf(configuration, folder) {
  const names = readdirSync(folder);
  const formats = ["avif", "webp"].filter((format) => names.some((name) => name.endsWith(`.${format}`)));
  const frame = (degree, format) => readFileSync(join(folder, `${three(degree)}.${format}`));
  const tiers = {};
  for (const [key, { count, budget }] of Object.entries(TIERS)) {
    const degrees = Array.from({ length: count }, (_, index) => (index * 360) / count);
    if (!degrees.every((degree) => formats.every((format) => names.includes(`${three(degree)}.${format}`)))) continue;
    const tier = { frames: count, degrees, budget, load_bytes: {}, formats: {} };
    for (const format of formats) {
      const own = key === "still" || key === "hd" ? key : "main";
      const set = digest(`${configuration} ${own} ${format}`);
      const groups = own === "main" && key !== "preview" ? [spread(12), degrees.filter((d) => d % 30)] : [spread(count)];
      const list = groups.map((group) => {
        const order = coarseToFine(group);
        const bytes = order.map((degree) => frame(degree, format));
        const pack = digest(Buffer.concat([Buffer.from(set), ...bytes]));
        packs.set(pack, Buffer.concat(bytes));
        order.forEach((degree, index) => sets.set(`${set}/${three(degree)}.${format}`, bytes[index]));
        return { pack, degrees: order, lengths: bytes.map((buffer) => buffer.length) };
      });
      const bytes = list.flatMap((pack) => pack.lengths).reduce((sum, length) => sum + length, 0);
      const mean = { still: 78.2, preview: 64.9, standard: 64.7, "standard-24": 64.8, hd: 74.1 }[key];
      const quality = { metric: "ssimulacra2", mean, min: mean - 1.3 };
      tier.formats[format] = { set, size: [640, 640], bytes, quality, packs: list };
      tier.load_bytes[format] = bytes;
    }
    tiers[key] = tier;
  }
  return {
    schema: "girasol.manifest/1",
    configuration,
    version: 1,
    turn: { frames: 360 },
    view: { source: [640, 640], crop: [0, 0, 640, 640] },
    view: { source: [640, 640], crop: [0, 0, 640, 640] },
    ground: "#ffffff",
    placeholder: "OwgGDwD3h4iIiXR6iJQ4t0eHimBHCHYE",
    colour: "#c9a86a",
    hero: 0,
    urls: {
      frame: "/s/{set}/{degree}.{format}",
      pack: "/p/{pack}.pack",
      still: "/still/{configuration}.{format}",
      manifest: "/m/{digest}.json",
    },
    tiers,
    digest: digest(configuration),
  };
}

function spread(count) {
  return Array.from({ length: count }, (_, index) => (index * 360) / count);
}

function coarseToFine(degrees) {
  const order = [];
  const left = [...degrees];
  const apart = (a, b) => Math.min(Math.abs(a - b), 360 - Math.abs(a - b));
  const gap = (degree) => Math.min(...order.map((other) => apart(degree, other)));
  while (left.length) {
    const next = order.length ? left.reduce((best, degree) => (gap(degree) > gap(best) ? degree : best)) : left[0];
    left.splice(left.indexOf(next), 1);
    order.push(next);
  }
  return order;
}

function three(degree) {
  return String(degree).padStart(3, "0");
}

function digest(data) {
  return createHash("sha256").update(data).digest("hex").slice(0, 32);
}

function sequenceUrl(id) {
  return `/api/products/customizable/${id}/sequence`;
}

function product() {
  const spun = (choices) => manifests.has(idOf(choices));
  const defaults = { metal: "yellow-gold", stone: "diamond" };
  const choices = (list, name) => list.map((choice) => ({ ...choice, spin: spun({ ...defaults, [name]: choice.value }) }));
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
  let tier = query.get("tier") ?? "standard";
  let count = Number(query.get("frames") ?? manifest.tiers[tier]?.frames);
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
  if (path === "/api/products/customizable/ring/solitaire") return empty ? problem(404, "No such product") : json(200, product());
  const [, pack] = /^\/p\/(\w+)\.pack$/.exec(path) ?? [];
  if (pack && packs.has(pack)) return [200, "application/octet-stream", packs.get(pack)];
  const [, name, format] = /^\/s\/(\w+\/\d{3}\.(\w+))$/.exec(path) ?? [];
  if (name && sets.has(name)) return [200, `image/${format}`, sets.get(name)];
  const [, id, what] = /^\/api\/products\/customizable\/([\w.-]+)\/(sequence|status|configure)$/.exec(path) ?? [];
  if (what === "sequence" && manifests.has(id) && !empty) {
    const manifest = negotiated(manifests.get(id), query);
    return manifest ? json(200, manifest) : problem(400, "Not in the manifest");
  }
  if (what === "status") {
    if (!empty) return json(200, { configId: id, status: manifests.has(id) ? "ready" : "unavailable" });
    const done = 12 - Math.ceil((emptyUntil - Date.now()) / 1000);
    return json(200, { configId: id, status: "processing", stage: "encode preview", done: Math.max(0, done), total: 12 });
  }
  if (what === "configure" && request.method === "POST") {
    let body = "";
    for await (const part of request) body += part;
    const choices = { metal: "yellow-gold", stone: "diamond", ...JSON.parse(body).choices };
    const configId = idOf(choices);
    if (manifests.has(configId)) return json(200, { configId, status: "ready", sequence: sequenceUrl(configId) });
    const near = { metal: manifests.has(idOf({ ...choices, stone: "diamond" })) ? choices.metal : "yellow-gold", stone: "diamond" };
    const nearest = { configId: idOf(near), choices: near, sequence: sequenceUrl(idOf(near)) };
    return json(202, { configId, status: "unavailable", nearest });
  }
  return problem(404, "Not found");
}

createServer(async (request, response) => {
  const [status, type, body] = await answer(request);
  const headers = { "Content-Type": type, "Cache-Control": "no-cache" };
  if (type.startsWith("text/html")) headers["Content-Security-Policy"] = "default-src 'self'; img-src 'self' data: blob:";
  response.writeHead(status, headers).end(body);
}).listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/`));
