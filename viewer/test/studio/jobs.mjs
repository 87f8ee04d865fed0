// Jobs: their stages pass by the clock and are sent as events.

import { three } from "../mock-spins.mjs";
import { addVersion } from "./catalog.mjs";
import { id, now } from "./http.mjs";
import { namesOf } from "./sets.mjs";

export const jobs = new Map();
/** Milliseconds between two events. */
export const tick = process.env.MOCK_FAST ? 5 : 120;

const STAGES = [
  ["check", 36],
  ["prepare", 36],
  ["encode preview", 24],
  ["encode standard and hd", 120],
  ["store", 12],
];
export const shownJob = ({ events: _events, streams: _streams, ...job }) => ({
  ...job,
  events: `/api/jobs/${job.id}/events`,
});

/** Appends an event, and sends it to the open streams. */
export function record(job, kind, data = {}) {
  const event = { number: job.events.length + 1, kind, data: { ...data, at: now() } };
  job.events.push(event);
  job.changed = now();
  job.streams.forEach((stream) => stream.write(written(event)));
}

export function written({ number, kind, data }) {
  return `id: ${number}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
}

export function startJob(set) {
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
  record(job, "queued");
  setTimeout(() => work(job, set), 5 * tick);
}

export async function work(job, set) {
  if (job.state !== "queued") return;
  job.attempts += 1;
  Object.assign(job, { state: "running", failure: undefined });
  record(job, "running", { attempt: job.attempts });
  const broken = namesOf(set).find((name) => set.files.get(name).subarray(0, 4).toString("latin1") !== "RIFF");
  const wait = () => new Promise((resolve) => setTimeout(resolve, tick));
  for (const [index, [stage, total]] of STAGES.entries()) {
    for (let done = 0; done <= total; done += 6) {
      if (job.state !== "running") return end(job);
      Object.assign(job, { stage, done, total, leftMs: (STAGES.length - index) * 20 * tick });
      record(job, "progress", { stage, done, total, leftMs: job.leftMs });
      await wait();
    }
    if (broken && stage === "check") {
      job.state = "failed";
      job.failure = { slug: "frame", message: `${broken} cannot be read`, file: broken, remedy: "export it again" };
      record(job, "failed", job.failure);
      return end(job);
    }
  }
  const names = namesOf(set);
  const frames = new Map(
    names.map((name, index) => [`${three(Math.round((360 * index) / names.length))}.webp`, set.files.get(name)]),
  );
  Object.assign(job, { state: "ready", leftMs: undefined, ...addVersion(set.product, set.choices, frames) });
  record(job, "log", { line: `${4 * names.length} encodes, 0 found from before` });
  record(job, "ready", { configuration: job.configuration, version: job.version });
  end(job);
}

/** Closes the streams of a job that is over. */
export function end(job) {
  job.streams.forEach((stream) => stream.end());
  job.streams.clear();
}
