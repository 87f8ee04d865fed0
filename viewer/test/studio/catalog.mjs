// Products, sequences and their versions.

import { manifestOf } from "../mock-spins.mjs";
import { now } from "./http.mjs";

/** By configuration: its versions, oldest first, and which is live. */
export const sequences = new Map();
/** By product: its options in order, each with its choices. */
export const products = new Map();
export const wanted = [
  {
    configuration: "ring.solitaire.metal-platinum.stone-ruby",
    product: "ring.solitaire",
    choices: { metal: "platinum", stone: "ruby" },
    asked: 41,
    last: new Date(Date.now() - 120_000).toISOString(),
  },
];

const SWATCHES = {
  "yellow-gold": "#d4b06a",
  "rose-gold": "#d9a08b",
  platinum: "#c9ccd1",
  "black-rhodium": "#3b3b40",
  diamond: "#e8f0f4",
  ruby: "#a5173a",
};

/** Stores frames as a new version, and creates the product, its options and its choices as needed. */
export function addVersion(product, choices, frames) {
  const options = products.get(product) ?? products.set(product, new Map()).get(product);
  for (const [option, choice] of Object.entries(choices)) {
    if (!options.has(option)) options.set(option, new Set());
    options.get(option).add(choice);
  }
  const configuration = [product, ...[...options.keys()].map((option) => `${option}-${choices[option]}`)].join(".");
  const sequence = sequences.get(configuration) ?? {
    configuration,
    choices,
    live: null,
    takenDown: false,
    versions: [],
    count: 0,
  };
  sequences.set(configuration, sequence);
  const version = ++sequence.count;
  const manifest = manifestOf(configuration, frames, version);
  sequence.versions.push({ version, kind: "full", created: now(), published: null, manifest, frames });
  return { configuration, version };
}

/** What an existing product lacks of these choices. */
export function newChoices(product, choices) {
  const options = products.get(product);
  return Object.entries(choices)
    .filter(([option, choice]) => options && !options.get(option)?.has(choice))
    .map(([option, choice]) => ({ option, choice, isNewOption: !options.has(option) }));
}

/** Makes a version live; whether it exists. */
export function publish(sequence, number) {
  const version = sequence.versions.find((one) => one.version === number);
  if (!version) return false;
  version.published = now();
  sequence.live = number;
  return true;
}

/** Deletes every version for good. */
export function takeDown(sequence) {
  Object.assign(sequence, { live: null, takenDown: true, versions: [] });
}

/** The version with a number. */
export const versionOf = (sequence, number) => sequence.versions.find(({ version }) => version === Number(number));

const shownVersion = (sequence, { version, kind, created, published, manifest }) => ({
  version,
  kind,
  manifest: `/m/${manifest.digest}.json`,
  created,
  published,
  live: sequence.live === version,
});
export const shownSequence = (sequence) => ({
  configuration: sequence.configuration,
  live: sequence.live,
  takenDown: sequence.takenDown,
  protected: false,
  versions: sequence.versions.map((version) => shownVersion(sequence, version)).reverse(),
  sequence: `/api/products/customizable/${sequence.configuration}/sequence`,
});

export function detailOf(sequence, version) {
  const byId = new Map();
  for (const [key, tier] of Object.entries(version.manifest.tiers)) {
    for (const [format, { set, size, packs }] of Object.entries(tier.formats)) {
      if (!byId.has(set)) byId.set(set, { set, format, tiers: [], size, frames: new Map() });
      byId.get(set).tiers.push(key);
      for (const { degrees, lengths } of packs) {
        degrees.forEach((degree, index) => {
          const quality = 64 + 2 * Math.sin(degree / 40) + version.version;
          byId.get(set).frames.set(degree, { degree, bytes: lengths[index], quality: Math.round(10 * quality) / 10 });
        });
      }
    }
  }
  const all = [...byId.values()].map((set) => ({
    ...set,
    frames: [...set.frames.values()].sort((a, b) => a.degree - b.degree),
  }));
  return { configuration: sequence.configuration, ...shownVersion(sequence, version), sets: all };
}

function title(slug) {
  return slug
    .split("-")
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join(" ");
}

export function productList() {
  return [...products].map(([product, options]) => {
    const [type, model] = product.split(".");
    const own = [...sequences.values()].filter(({ configuration }) => configuration.startsWith(`${product}.`));
    return {
      id: product,
      label: title(model),
      type,
      model,
      options: [...options].map(([name, choices]) => ({
        name,
        label: title(name),
        default: [...choices][0],
        choices: [...choices].map((value) => ({ value, label: title(value), swatch: SWATCHES[value] ?? null })),
      })),
      configurations: own.map(({ configuration, choices, live, takenDown, versions }) => ({
        id: configuration,
        choices,
        live,
        takenDown,
        protected: false,
        latest: versions.at(-1)?.version ?? null,
        versions: versions.length,
        still: live ? `/still/${configuration}.webp` : null,
      })),
    };
  });
}
