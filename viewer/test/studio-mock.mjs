// A stand-in for the server's private side, to work on the studio without building it:
// `npm run mock:studio -- FRAMES [PORT]`. Any key that begins with `girasol_` signs in; one with `metrics` in it
// may not look at anything.
//
// FRAMES holds folders as the other mock's, `ring-{metal}`, and `ring-{metal}@2` and so on for later versions.
// Nothing is encoded: what is uploaded, as WebP, becomes a version as it is. Everything is forgotten at the end.
// MOCK_CUT=N cuts the line after every N bytes of an upload; MOCK_FAST=1 makes jobs take half a second.

import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { framesOf, manifestOf, objectAt, three } from "./mock-spins.mjs";

const [folder, port = "8362"] = process.argv.slice(2);
if (!folder) {
  console.error("usage: studio-mock.mjs FRAMES [PORT]");
  process.exit(2);
}
const viewer = new URL("..", import.meta.url);
const cutAfter = Number(process.env.MOCK_CUT ?? 0);
const tick = process.env.MOCK_FAST ? 5 : 120;
const SWATCHES = {
  "yellow-gold": "#d4b06a",
  "rose-gold": "#d9a08b",
  platinum: "#c9ccd1",
  "black-rhodium": "#3b3b40",
  diamond: "#e8f0f4",
  ruby: "#a5173a",
};
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
  "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const id = () => randomBytes(16).toString("hex");
const now = () => new Date().toISOString();
const sessions = new Map();
const sets = new Map();
const uploads = new Map();
const jobs = new Map();
const looks = new Map();
/** By configuration: its versions, oldest first, and which is live. */
const sequences = new Map();
const products = new Map();
const wanted = [
  {
    configuration: "ring.solitaire.metal-platinum.stone-ruby",
    product: "ring.solitaire",
    choices: { metal: "platinum", stone: "ruby" },
    asked: 41,
    last: new Date(Date.now() - 120_000).toISOString(),
  },
];

for (const name of readdirSync(folder).sort()) {
  const [, metal] = /^ring-([\w-]+)(?:@\d+)?$/.exec(name) ?? [];
  if (metal) addVersion("ring.solitaire", { metal, stone: "diamond" }, framesOf(join(folder, name)));
}
for (const sequence of sequences.values()) publish(sequence, 1);
const solitaire = products.get("ring.solitaire");
if (solitaire) {
  solitaire.get("metal").add("black-rhodium");
  solitaire.get("stone").add("ruby");
}

function addVersion(product, choices, frames) {
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
  };
  sequences.set(configuration, sequence);
  const version = sequence.versions.length + 1;
  const manifest = manifestOf(configuration, frames, version);
  sequence.versions.push({ version, kind: "full", created: now(), published: null, removed: null, manifest, frames });
  return { configuration, version };
}

function publish(sequence, number) {
  const version = sequence.versions.find((one) => one.version === number && !one.removed);
  if (!version) return false;
  version.published = now();
  sequence.live = number;
  return true;
}

const shownVersion = (sequence, { version, kind, created, published, removed, manifest }) => ({
  version,
  kind,
  manifest: `/m/${manifest.digest}.json`,
  created,
  published,
  live: sequence.live === version,
  removed,
});
const shownSequence = (sequence) => ({
  configuration: sequence.configuration,
  live: sequence.live,
  takenDown: sequence.takenDown,
  versions: sequence.versions.map((version) => shownVersion(sequence, version)).reverse(),
  sequence: `/api/products/customizable/${sequence.configuration}/sequence`,
});

function detailOf(sequence, version) {
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

function productList() {
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
        latest: versions.filter(({ removed }) => !removed).at(-1)?.version ?? null,
        versions: versions.length,
        still: live ? `/still/${configuration}.webp` : null,
      })),
    };
  });
}

const shownSet = (set, withFiles) => ({
  id: set.id,
  product: set.product,
  choices: set.choices,
  state: set.state,
  settings: set.settings,
  expected: null,
  frames: set.files.size,
  bytes: [...set.files.values()].reduce((sum, { length }) => sum + length, 0),
  opened: set.opened,
  openedBy: "000000000000",
  ...(withFiles && set.job && { job: shownJob(jobs.get(set.job)) }),
  ...(withFiles && {
    files: namesOf(set).map((name) => ({ name, bytes: set.files.get(name).length, digest: "0".repeat(32) })),
  }),
});

function namesOf(set) {
  return [...set.files.keys()].sort(new Intl.Collator("en", { numeric: true }).compare);
}

// The doctor: gaps in the numbers, files that are no pictures, a last frame that is the first once more.

function check(set) {
  const names = namesOf(set);
  if (!names.length) return { state: "empty", done: 0, total: 0, findings: [] };
  const content = names.join();
  if (set.check?.content !== content) set.check = { content, done: 0 };
  set.check.done = Math.min(names.length, set.check.done + 24);
  const progress = { done: set.check.done, total: names.length };
  if (progress.done < progress.total) return { state: "running", ...progress, findings: [] };
  return { state: "done", ...progress, frames: names.length, findings: findingsOf(set, names) };
}

function findingsOf(set, names) {
  const findings = [];
  const add = (finding) =>
    findings.push({ id: findings.length, evidence: null, mend: null, mendLabel: null, ...finding });
  const numbers = names.map((name) => Number(/\d+/.exec(name)?.[0]));
  const steps = numbers.slice(1).map((number, index) => number - numbers[index]);
  const step = Math.min(...steps);
  const missing = steps.flatMap((wide, index) => (wide > step ? [numbers[index] + step] : []));
  if (missing.length) {
    const frames = missing.map((number) => names[0].replace(/\d+/, three(number)));
    const message = `${frames.length === 1 ? "Frame" : "Frames"} ${missing.join(", ")} ${frames.length === 1 ? "is" : "are"} missing.`;
    add({
      kind: "missing-frames",
      severity: "blocks",
      frames,
      message,
      remedy: "Render them again with the same camera, and drop them here.",
    });
  }
  const broken = names.filter(
    (name) => !["RIFF", "\x89PNG"].includes(set.files.get(name).subarray(0, 4).toString("latin1")),
  );
  if (broken.length)
    add({
      kind: "unreadable",
      severity: "blocks",
      frames: broken,
      message: `${broken.join(", ")} is no picture.`,
      remedy: "Export it again.",
    });
  if (numbers.at(-1) === 360) {
    const last = names.at(-1);
    add({
      kind: "closing-frame",
      severity: "warns",
      frames: [last],
      message: `${last} shows the first frame once more.`,
      remedy: "A turn that closes twice stops for a moment at that place.",
      evidence: `/api/framesets/${set.id}/check/${findings.length}.webp`,
      mend: "leave-out",
      mendLabel: `Leave ${last} out`,
    });
  }
  if (names.length > 30)
    add({
      kind: "touches-edge",
      severity: "warns",
      frames: names.slice(3, 8),
      message: "The piece touches the edge of 5 frames.",
      remedy: "Move the camera back a little, so that nothing is cut off.",
      evidence: `/api/framesets/${set.id}/check/${findings.length}.webp`,
    });
  return findings;
}

// Jobs: stages by the clock, told as events.

const STAGES = [
  ["check", 36],
  ["prepare", 36],
  ["encode preview", 24],
  ["encode standard and hd", 120],
  ["store", 12],
];
const shownJob = ({ events: _events, streams: _streams, ...job }) => ({ ...job, events: `/api/jobs/${job.id}/events` });

function tell(job, kind, data = {}) {
  const event = { number: job.events.length + 1, kind, data: { ...data, at: now() } };
  job.events.push(event);
  job.changed = now();
  job.streams.forEach((stream) => stream.write(written(event)));
}

function written({ number, kind, data }) {
  return `id: ${number}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
}

function startJob(set) {
  const job = {
    id: id(),
    frameset: set.id,
    state: "queued",
    priority: 0,
    attempts: 0,
    stage: null,
    done: 0,
    total: 0,
    queued: now(),
    changed: now(),
    events: [],
    streams: new Set(),
  };
  jobs.set(job.id, job);
  set.job = job.id;
  tell(job, "queued");
  setTimeout(() => work(job, set), 5 * tick);
}

async function work(job, set) {
  if (job.state !== "queued") return;
  job.attempts += 1;
  Object.assign(job, { state: "running", failure: undefined });
  tell(job, "running", { attempt: job.attempts });
  const broken = namesOf(set).find((name) => set.files.get(name).subarray(0, 4).toString("latin1") !== "RIFF");
  const wait = () => new Promise((resolve) => setTimeout(resolve, tick));
  for (const [index, [stage, total]] of STAGES.entries()) {
    for (let done = 0; done <= total; done += 6) {
      if (job.state !== "running") return end(job);
      Object.assign(job, { stage, done, total, leftMs: (STAGES.length - index) * 20 * tick });
      tell(job, "progress", { stage, done, total, leftMs: job.leftMs });
      await wait();
    }
    if (broken && stage === "check") {
      job.state = "failed";
      job.failure = { slug: "frame", message: `${broken} cannot be read`, file: broken, remedy: "export it again" };
      tell(job, "failed", job.failure);
      return end(job);
    }
  }
  const names = namesOf(set);
  const frames = new Map(
    names.map((name, index) => [`${three(Math.round((360 * index) / names.length))}.webp`, set.files.get(name)]),
  );
  Object.assign(job, { state: "ready", leftMs: undefined, ...addVersion(set.product, set.choices, frames) });
  tell(job, "log", { line: `${4 * names.length} encodes, 0 found from before` });
  tell(job, "ready", { configuration: job.configuration, version: job.version });
  end(job);
}

function end(job) {
  job.streams.forEach((stream) => stream.end());
  job.streams.clear();
}

// HTTP.

class Problem extends Error {
  constructor(status, slug, detail) {
    super(detail);
    Object.assign(this, { status, slug });
  }
}

const FILES = {
  "/studio": ["studio/index.html", "text/html; charset=utf-8"],
  "/studio.css": ["dist/studio.css", "text/css"],
  "/studio.js": ["dist/studio.js", "text/javascript"],
  "/girasol-spin.js": ["dist/girasol-spin.js", "text/javascript"],
};

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

async function jsonOf(request) {
  return JSON.parse((await bodyOf(request)).toString() || "{}");
}

const found = (thing, slug = "not-found") => {
  if (!thing) throw new Problem(404, slug, "there is nothing at this address");
  return thing;
};
const open = (set) => {
  if (found(set).state !== "open")
    throw new Problem(409, "set-committed", "the frame set was committed, and takes no changes any more");
  return set;
};

/** Answers `[status, type, body, headers]`, or nothing where it has answered by itself. */
async function answer(request, response) {
  const { pathname: path, search } = new URL(request.url, "http://localhost");
  const { method } = request;
  if (FILES[path]) return [200, FILES[path][1], readFileSync(new URL(FILES[path][0], viewer))];
  const object = objectAt(path);
  if (object) return [200, ...object];
  const every = [...sequences.values()];
  const manifest = every
    .flatMap(({ versions }) => versions)
    .find((version) => path === `/m/${version.manifest.digest}.json` && !version.removed);
  if (manifest) {
    if (search) throw new Problem(400, "bad-query", `${search} is unknown`);
    return [200, "application/json", JSON.stringify({ ...manifest.manifest, digest: undefined })];
  }
  const [, stillOf] = /^\/still\/(.+)\.webp$/.exec(path) ?? [];
  if (stillOf) {
    const sequence = found(sequences.get(stillOf));
    return [200, "image/webp", found(sequence.versions[sequence.live - 1]).frames.get("000.webp")];
  }
  if (path.startsWith("/preview/")) return [200, "text/plain", found(looks.get(path))];
  found(path.startsWith("/api/"));

  const token = /girasol_session=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
  if (path === "/api/session" && method === "POST") return beginSession(await jsonOf(request));
  const who = sessions.get(token);
  if (!who)
    throw new Problem(
      401,
      token ? "session-expired" : "key-missing",
      token ? "the session is over: sign in again" : "show a key",
    );
  if (path === "/api/session") {
    if (method === "GET") return json(200, who);
    sessions.delete(token);
    return [204, "", "", { "Set-Cookie": "girasol_session=; Path=/; Max-Age=0" }];
  }
  if (who.role === "metrics") throw new Problem(403, "insufficient-role", "this takes a key of the role artist");
  for (const [pattern, methods] of ROUTES) {
    const match = pattern.exec(path);
    if (!match) continue;
    if (!methods[method]) throw new Problem(405, "wrong-method", "wrong method");
    return methods[method](request, response, ...match.slice(1));
  }
  return found(undefined);
}

function beginSession({ key }) {
  if (!String(key).startsWith("girasol_")) throw new Problem(401, "key-refused", "the key is unknown or was revoked");
  const token = id();
  const who = { key: "000000000000", role: key.includes("metrics") ? "metrics" : "artist", label: "Ada" };
  sessions.set(token, who);
  return [...json(200, who), { "Set-Cookie": `girasol_session=${token}; Path=/; HttpOnly; SameSite=Strict` }];
}

const json = (status, body) => [status, "application/json", JSON.stringify(body)];
const SETTINGS = { hero: 0, start: 0, clockwise: false, ground: null, denoise: false, effort: null };
const number = (text) => Number(text);

const ROUTES = [
  [/^\/api\/products$/, { GET: () => json(200, { products: productList() }) }],
  [/^\/api\/demand$/, { GET: () => json(200, { wanted }) }],
  [
    /^\/api\/framesets$/,
    {
      GET: () => json(200, { framesets: [...sets.values()].reverse().map((set) => shownSet(set)) }),
      POST: async (request) => {
        const { product, choices } = await jsonOf(request);
        const set = {
          id: id(),
          product,
          choices,
          state: "open",
          settings: { ...SETTINGS },
          opened: now(),
          files: new Map(),
        };
        sets.set(set.id, set);
        return json(201, shownSet(set));
      },
    },
  ],
  [
    /^\/api\/framesets\/(\w+)$/,
    {
      GET: (_request, _response, set) => json(200, shownSet(found(sets.get(set)), true)),
      PATCH: async (request, _response, set) => {
        Object.assign(open(sets.get(set)).settings, await jsonOf(request));
        return json(200, shownSet(sets.get(set), true));
      },
      DELETE: (_request, _response, set) => {
        open(sets.get(set));
        sets.delete(set);
        return [204];
      },
    },
  ],
  [
    /^\/api\/framesets\/(\w+)\/commit$/,
    {
      POST: (_request, _response, set) => {
        open(sets.get(set)).state = "committed";
        startJob(sets.get(set));
        return json(200, shownSet(sets.get(set), true));
      },
    },
  ],
  [/^\/api\/framesets\/(\w+)\/check$/, { GET: (_request, _response, set) => json(200, check(found(sets.get(set)))) }],
  [
    /^\/api\/framesets\/(\w+)\/check\/\d+\.webp$/,
    {
      GET: (_request, _response, set) => [
        200,
        "image/webp",
        found(sets.get(set)).files.get(namesOf(sets.get(set)).at(-1)),
      ],
    },
  ],
  [
    /^\/api\/framesets\/(\w+)\/mend$/,
    {
      POST: (_request, _response, set) => {
        open(sets.get(set)).files.delete(namesOf(sets.get(set)).at(-1));
        return json(200, shownSet(sets.get(set), true));
      },
    },
  ],
  [
    /^\/api\/framesets\/(\w+)\/frames\/(.+)$/,
    {
      DELETE: (_request, _response, set, name) => {
        open(sets.get(set)).files.delete(decodeURIComponent(name));
        return [204];
      },
    },
  ],
  [/^\/api\/uploads$/, { POST: createUpload }],
  [
    /^\/api\/uploads\/(\w+)$/,
    {
      HEAD: (_request, _response, upload) => {
        const { bytes, length } = found(uploads.get(upload));
        return [200, "", "", { "Upload-Offset": bytes.length, "Upload-Length": length }];
      },
      PATCH: async (request, response, upload) => {
        const known = found(uploads.get(upload));
        if (Number(request.headers["upload-offset"]) !== known.bytes.length)
          throw new Problem(409, "offset-mismatch", "the upload is elsewhere");
        return (await receive(request, response, known)) && [204, "", "", { "Upload-Offset": known.bytes.length }];
      },
      DELETE: (_request, _response, upload) => {
        uploads.delete(upload);
        return [204];
      },
    },
  ],
  [/^\/api\/jobs$/, { GET: () => json(200, { jobs: [...jobs.values()].reverse().map(shownJob) }) }],
  [/^\/api\/jobs\/(\w+)$/, { GET: (_request, _response, job) => json(200, shownJob(found(jobs.get(job)))) }],
  [
    /^\/api\/jobs\/(\w+)\/cancel$/,
    {
      POST: (_request, _response, name) => {
        const job = found(jobs.get(name));
        job.state = "cancelled";
        tell(job, "cancelled");
        end(job);
        return json(200, shownJob(job));
      },
    },
  ],
  [
    /^\/api\/jobs\/(\w+)\/retry$/,
    {
      POST: (_request, _response, name) => {
        const job = found(jobs.get(name));
        Object.assign(job, { state: "queued", stage: null, done: 0, total: 0, failure: undefined });
        tell(job, "queued");
        setTimeout(() => work(job, sets.get(job.frameset)), 5 * tick);
        return json(200, shownJob(job));
      },
    },
  ],
  [
    /^\/api\/jobs\/(\w+)\/events$/,
    {
      GET: (request, response, name) => {
        const job = found(jobs.get(name));
        response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
        const after = Number(request.headers["last-event-id"] ?? 0);
        job.events.slice(after).forEach((event) => response.write(written(event)));
        if (["ready", "failed", "cancelled"].includes(job.state)) return void response.end();
        job.streams.add(response);
        response.on("close", () => job.streams.delete(response));
      },
    },
  ],
  [
    /^\/api\/sequences\/([\w.-]+)$/,
    { GET: (_request, _response, name) => json(200, shownSequence(found(sequences.get(name)))) },
  ],
  [
    /^\/api\/sequences\/([\w.-]+)\/publish$/,
    {
      POST: async (request, _response, name) => {
        const sequence = found(sequences.get(name));
        found(publish(sequence, (await jsonOf(request)).version));
        return json(200, shownSequence(sequence));
      },
    },
  ],
  [
    /^\/api\/sequences\/([\w.-]+)\/rollback$/,
    {
      POST: (_request, _response, name) => {
        const sequence = found(sequences.get(name));
        const before = sequence.versions
          .filter(({ published, version }) => published && version < (sequence.live ?? Infinity))
          .at(-1);
        if (!before) throw new Problem(409, "nothing-before", "no earlier version was live before");
        publish(sequence, before.version);
        return json(200, shownSequence(sequence));
      },
    },
  ],
  [
    /^\/api\/sequences\/([\w.-]+)\/take-down$/,
    {
      POST: (_request, _response, name) => {
        const sequence = found(sequences.get(name));
        sequence.versions.forEach((version) => (version.removed = now()));
        Object.assign(sequence, { live: null, takenDown: true });
        return json(200, shownSequence(sequence));
      },
    },
  ],
  [
    /^\/api\/sequences\/([\w.-]+)\/versions\/(\d+)$/,
    {
      GET: (_request, _response, name, version) => {
        const sequence = found(sequences.get(name));
        return json(200, detailOf(sequence, found(sequence.versions[number(version) - 1])));
      },
    },
  ],
  [
    /^\/api\/sequences\/([\w.-]+)\/versions\/(\d+)\/preview-link$/,
    {
      POST: async (request, _response, name, version) => {
        const { hours } = await jsonOf(request);
        const path = `/preview/${id()}`;
        looks.set(path, `${name}, version ${version}`);
        return json(201, {
          link: `http://${request.headers.host}${path}`,
          expires: new Date(Date.now() + hours * 3_600_000).toISOString(),
        });
      },
    },
  ],
];

// tus, as far as its clients need it.

async function createUpload(request, response) {
  const fields = String(request.headers["upload-metadata"] ?? "")
    .split(",")
    .map((pair) => pair.trim().split(" "));
  const metadata = Object.fromEntries(
    fields.map(([name, value]) => [name, Buffer.from(value ?? "", "base64").toString()]),
  );
  const upload = {
    id: id(),
    set: open(sets.get(metadata.frameset)),
    name: metadata.filename,
    length: Number(request.headers["upload-length"]),
    bytes: Buffer.alloc(0),
  };
  uploads.set(upload.id, upload);
  const isWith = request.headers["content-type"] === "application/offset+octet-stream";
  if (isWith && !(await receive(request, response, upload))) return undefined;
  return [201, "", "", { Location: `/api/uploads/${upload.id}`, "Upload-Offset": upload.bytes.length }];
}

/** Takes bytes to the end of the request, or to where the line is cut. Answers whether it came to the end. */
async function receive(request, response, upload) {
  let taken = 0;
  for await (const part of request) {
    upload.bytes = Buffer.concat([upload.bytes, part]);
    taken += part.length;
    if (cutAfter && taken >= cutAfter && upload.bytes.length < upload.length) return void response.destroy();
  }
  if (upload.bytes.length < upload.length) return true;
  const { set, name, bytes } = upload;
  if (!/\.zip$/i.test(name)) {
    set.files.set(name, bytes);
    return true;
  }
  uploads.delete(upload.id);
  const entries = unzipped(bytes);
  if (!entries.length) throw new Problem(422, "archive", `${name} holds no frame`);
  entries.forEach(([entry, content]) => set.files.set(entry, content));
  return true;
}

/** The pictures of a zip, by the central directory. */
function unzipped(bytes) {
  const end = bytes.lastIndexOf("PK\x05\x06", undefined, "latin1");
  if (end < 0) throw new Problem(422, "archive", "the archive is no zip, or was cut short");
  const entries = [];
  for (let at = bytes.readUInt32LE(end + 16), left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const [method, packed, nameLength, extra, comment, local] = [
      bytes.readUInt16LE(at + 10),
      bytes.readUInt32LE(at + 20),
      bytes.readUInt16LE(at + 28),
      bytes.readUInt16LE(at + 30),
      bytes.readUInt16LE(at + 32),
      bytes.readUInt32LE(at + 42),
    ];
    const name = bytes
      .toString("utf8", at + 46, at + 46 + nameLength)
      .split("/")
      .pop();
    const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const content = bytes.subarray(from, from + packed);
    if (/^[^.].*\.(png|webp)$/i.test(name)) entries.push([name, method ? inflateRawSync(content) : content]);
    at += 46 + nameLength + extra + comment;
  }
  return entries;
}

createServer(async (request, response) => {
  let answered;
  try {
    answered = await answer(request, response);
  } catch (error) {
    if (!(error instanceof Problem)) console.error(error);
    const { status = 500, slug = "internal", message } = error;
    const problem = {
      type: `urn:problem-type:girasol:${slug}`,
      title: "Not done",
      status,
      ...(status < 500 && { detail: message }),
    };
    answered = [status, "application/problem+json", JSON.stringify(problem)];
  }
  if (!answered || response.destroyed) return;
  const [status, type, body, headers] = answered;
  const immutable = /^\/(m|s|p)\//.test(request.url) && status === 200;
  response.writeHead(status, {
    ...(type && { "Content-Type": type }),
    "Cache-Control": immutable ? "public, max-age=31536000, immutable" : "private, no-store",
    ...(type?.startsWith("text/html") && { "Content-Security-Policy": CSP }),
    ...(request.url.startsWith("/api/uploads") && { "Tus-Resumable": "1.0.0" }),
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}).listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/studio`));
