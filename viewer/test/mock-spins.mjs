// What both stand-ins for the server share: manifests over frames that are there, and their packs and frames.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const TIERS = {
  still: { count: 1, budget: 10_000 },
  preview: { count: 12, budget: 50_000 },
  standard: { count: 36, budget: 150_000 },
  "standard-24": { count: 24, budget: 100_000 },
  hd: { count: 60, budget: 500_000 },
};

const QUALITY = { still: 78.2, preview: 64.9, standard: 64.7, "standard-24": 64.8, hd: 74.1 };

const packs = new Map();
const sets = new Map();

/** The pack or frame at a path: its type and bytes. */
export function objectAt(path) {
  const [, pack] = /^\/p\/(\w+)\.pack$/.exec(path) ?? [];
  if (pack && packs.has(pack)) return ["application/octet-stream", packs.get(pack)];
  const [, name, format] = /^\/s\/(\w+\/\d{3}\.(\w+))$/.exec(path) ?? [];
  return name && sets.has(name) ? [`image/${format}`, sets.get(name)] : undefined;
}

/** The frames of a folder, `{degree}.{format}`. */
export function framesOf(folder) {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

/** A manifest over frames by name; its objects can be asked for from then on. */
export function manifestOf(configuration, frames, version = 1) {
  const names = [...frames.keys()];
  const formats = ["avif", "webp"].filter((format) => names.some((name) => name.endsWith(`.${format}`)));
  const frame = (degree, format) => frames.get(`${three(degree)}.${format}`);
  const tiers = {};
  for (const [key, { count, budget }] of Object.entries(TIERS)) {
    const degrees = Array.from({ length: count }, (_, index) => (index * 360) / count);
    if (!degrees.every((degree) => formats.every((format) => names.includes(`${three(degree)}.${format}`)))) continue;
    const tier = { frames: count, degrees, budget, load_bytes: {}, formats: {} };
    for (const format of formats) {
      const own = key === "still" || key === "hd" ? key : "main";
      const set = digest(`${configuration} ${version} ${own} ${format}`);
      const groups =
        own === "main" && key !== "preview" ? [spread(12), degrees.filter((d) => d % 30)] : [spread(count)];
      const list = groups.map((group) => {
        const order = coarseToFine(group);
        const bytes = order.map((degree) => frame(degree, format));
        const pack = digest(Buffer.concat([Buffer.from(set), ...bytes]));
        packs.set(pack, Buffer.concat(bytes));
        order.forEach((degree, index) => sets.set(`${set}/${three(degree)}.${format}`, bytes[index]));
        return { pack, degrees: order, lengths: bytes.map((buffer) => buffer.length) };
      });
      const bytes = list.flatMap((pack) => pack.lengths).reduce((sum, length) => sum + length, 0);
      const mean = QUALITY[key] + (version - 1) * 1.7;
      const quality = { metric: "ssimulacra2", mean, min: mean - 1.3, spread: 0.6, step: 1.4 };
      tier.formats[format] = { set, size: [640, 640], bytes, quality, packs: list };
      tier.load_bytes[format] = bytes;
    }
    tiers[key] = tier;
  }
  return {
    schema: "girasol.manifest/1",
    configuration,
    version,
    turn: { frames: 360 },
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
    digest: digest(`${configuration} ${version}`),
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

export function three(degree) {
  return String(degree).padStart(3, "0");
}

export function digest(data) {
  return createHash("sha256").update(data).digest("hex").slice(0, 32);
}
