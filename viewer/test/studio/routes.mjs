// The private routes behind the sign-in. A handler takes the request, the response and what its pattern matched, and
// returns `[status, type, body, headers]`, or nothing where it has answered by itself.

import {
  detailOf,
  newChoices,
  productList,
  publish,
  sequences,
  shownSequence,
  takeDown,
  versionOf,
  wanted,
} from "./catalog.mjs";
import { check } from "./doctor.mjs";
import { found, id, json, jsonOf, Problem } from "./http.mjs";
import { end, jobs, record, shownJob, startJob, tick, work, written } from "./jobs.mjs";
import { digestOf, namesOf, open, openSet, revisionOf, sets } from "./sets.mjs";
import { createUpload, receive, uploads } from "./uploads.mjs";

/** By path: what the page of a preview link shows. */
export const previews = new Map();

/** A set as the server answers it; alone with its files and its job. */
const shownSet = (set, withFiles) => ({
  id: set.id,
  product: set.product,
  choices: set.choices,
  state: set.state,
  settings: set.settings,
  expected: null,
  protected: false,
  frames: set.files.size,
  bytes: [...set.files.values()].reduce((sum, { length }) => sum + length, 0),
  opened: set.opened,
  openedBy: "000000000000",
  ...(withFiles && set.job && { job: shownJob(jobs.get(set.job)) }),
  ...(withFiles && {
    revision: revisionOf(set),
    files: namesOf(set).map((name) => ({ name, bytes: set.files.get(name).length, digest: digestOf(set, name) })),
  }),
});

export const ROUTES = [
  [/^\/api\/products$/, { GET: () => json(200, { products: productList() }) }],
  [/^\/api\/demand$/, { GET: () => json(200, { wanted }) }],
  [
    /^\/api\/framesets$/,
    {
      GET: () => json(200, { framesets: [...sets.values()].reverse().map((set) => shownSet(set)) }),
      POST: async (request) => {
        const { product, choices, newChoices: mayCreate } = await jsonOf(request);
        const lacking = mayCreate ? [] : newChoices(product, choices);
        if (lacking.length) throw new Problem(409, "new-choice", "the product lacks a choice", { newChoices: lacking });
        const set = openSet(product, choices);
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
      POST: async (request, _response, set) => {
        const { revision } = await jsonOf(request);
        if (revision !== revisionOf(open(sets.get(set)))) {
          throw new Problem(409, "frameset-changed", "the frames of the set are others by now: decide anew");
        }
        sets.get(set).files.delete(namesOf(sets.get(set)).at(-1));
        return json(200, shownSet(sets.get(set), true));
      },
    },
  ],
  [
    /^\/api\/framesets\/(\w+)\/frames\/(.+)$/,
    {
      DELETE: (request, _response, set, encoded) => {
        const [{ files }, name] = [open(sets.get(set)), decodeURIComponent(encoded)];
        const wanted = request.headers["if-match"];
        if (wanted && wanted !== `"${digestOf(sets.get(set), name)}"`) {
          throw new Problem(412, "precondition-failed", "the frame is another one now");
        }
        files.delete(name);
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
          throw new Problem(409, "offset-mismatch", "the upload is at another offset");
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
        record(job, "cancelled");
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
        record(job, "queued");
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
      POST: async (request, _response, name) => {
        const sequence = found(sequences.get(name));
        if ((await jsonOf(request)).confirm !== name) throw new Problem(422, "not-confirmed", "repeat the id");
        takeDown(sequence);
        return json(200, shownSequence(sequence));
      },
    },
  ],
  [
    /^\/api\/sequences\/([\w.-]+)\/versions\/(\d+)$/,
    {
      GET: (_request, _response, name, version) => {
        const sequence = found(sequences.get(name));
        return json(200, detailOf(sequence, found(versionOf(sequence, version))));
      },
    },
  ],
  [
    /^\/api\/sequences\/([\w.-]+)\/versions\/(\d+)\/preview-link$/,
    {
      POST: async (request, _response, name, version) => {
        const { hours } = await jsonOf(request);
        const path = `/preview/${id()}`;
        previews.set(path, `${name}, version ${version}`);
        return json(201, {
          link: `http://${request.headers.host}${path}`,
          expires: new Date(Date.now() + hours * 3_600_000).toISOString(),
        });
      },
    },
  ],
];
