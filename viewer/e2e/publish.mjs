// Spins of one's own on the running server, by its API: GIRASOL_KEY is an artist's key.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const base = process.env.GIRASOL_URL;
/** Encoding a small turn takes seconds; slow machines get more. */
const PATIENCE = 4 * 60_000;

/** One request of an artist's. */
export async function artist(method, path, body) {
  const isFile = body instanceof Buffer;
  const answer = await fetch(new URL(path, base), {
    method,
    headers: {
      Authorization: `Bearer ${process.env.GIRASOL_KEY}`,
      ...(body && !isFile && { "Content-Type": "application/json" }),
    },
    body: body && (isFile ? body : JSON.stringify(body)),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}

/** Publishes every third frame of a sample ring as a configuration: its fullest tier is standard. */
export async function publish(product, choices, metal = "platinum") {
  const frames = Array.from({ length: 12 }, (_, index) => `${String(30 * index).padStart(3, "0")}.webp`);
  const { id } = await artist("POST", "/api/framesets", { product, choices, newChoices: true });
  for (const name of frames) {
    const file = readFileSync(new URL(`../../fixtures/solitaire-${metal}/${name}`, import.meta.url));
    await artist("PUT", `/api/framesets/${id}/frames/${name}`, file);
  }
  let { job } = await artist("POST", `/api/framesets/${id}/commit`);
  for (const start = Date.now(); job.state !== "ready"; ) {
    assert.ok(Date.now() - start < PATIENCE && !["failed", "cancelled"].includes(job.state), JSON.stringify(job));
    await new Promise((resolve) => setTimeout(resolve, 200));
    job = await artist("GET", `/api/jobs/${job.id}`);
  }
  const { configuration, version } = job;
  const { live } = await artist("GET", `/api/sequences/${configuration}`);
  if (live !== version) await artist("POST", `/api/sequences/${configuration}/publish`, { version });
  return configuration;
}
