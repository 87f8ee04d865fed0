// Kills the worker at random moments of an ingest, RUNS times, and checks that what is published in the end is what an
// undisturbed ingest publishes: `make torture RUNS=50`.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { binary, Server } from "./server.mjs";

const turn = join(dirname(fileURLToPath(import.meta.url)), "../../fixtures/ring-platinum");
const runs = Number(process.env.RUNS ?? 50);
/** Every tenth frame: enough for every tier, and soon encoded. */
const names = readdirSync(turn)
  .filter((name) => name.endsWith(".webp"))
  .sort()
  .filter((_, index) => index % 10 === 0);

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Sends the turn, and gives the job's address. */
async function send(server) {
  const body = JSON.stringify({ product: "ring.solitaire", choices: { metal: "platinum" } });
  const { id } = await server.json("/api/framesets", { method: "POST", body });
  await Promise.all(
    names.map((name) =>
      server.json(`/api/framesets/${id}/frames/${name}`, { method: "PUT", body: readFileSync(join(turn, name)) }),
    ),
  );
  const { job } = await server.json(`/api/framesets/${id}/commit`, { method: "POST" });
  return `/api/jobs/${job.id}`;
}

async function ready(server, path) {
  for (;;) {
    const job = await server.json(path);
    if (job.state === "ready") return job;
    assert.ok(job.state === "queued" || job.state === "running", JSON.stringify(job));
    await sleep(100);
  }
}

/** What is published, but for what differs from one ingest to the next. */
async function published(server, job) {
  const path = `/api/sequences/${job.configuration}/publish`;
  await server.json(path, { method: "POST", body: JSON.stringify({ version: job.version }) });
  const { versions } = await server.json(`/api/sequences/${job.configuration}`);
  const { tiers } = await server.json(versions[0].manifest);
  return JSON.stringify(tiers);
}

/** How many of the objects that a version's manifest names cannot be had. */
async function whole(server, job) {
  const { versions } = await server.json(`/api/sequences/${job.configuration}`);
  const { tiers } = await server.json(versions[0].manifest);
  const renditions = Object.values(tiers).flatMap(({ degrees, formats }) =>
    Object.entries(formats).flatMap(([format, { set, packs }]) => [
      ...degrees.map((degree) => `/s/${set}/${String(degree).padStart(3, "0")}.${format}`),
      ...packs.map(({ pack }) => `/p/${pack}.pack`),
    ]),
  );
  const answers = await Promise.all(renditions.map((path) => fetch(`http://${server.listen}${path}`)));
  return answers.filter((answer) => answer.status !== 200).length;
}

const undisturbed = new Server();
await undisturbed.start();
const began = Date.now();
const path = await send(undisturbed);
const sent = Date.now();
const wanted = await published(undisturbed, await ready(undisturbed, path));
const took = Date.now() - sent;
const objects = collect(undisturbed);
undisturbed.close();
console.log(`undisturbed: sent in ${sent - began} ms, encoded in ${took} ms`);

/** Removes garbage at once; what is left then has to be needed, all of it. */
function collect(server) {
  const garbage = ["store", "gc", "--json", "--grace-hours", "0", "--data", server.data];
  const { needed } = JSON.parse(execFileSync(binary, garbage, { encoding: "utf8" }));
  const files = readdirSync(join(server.data, "objects"), { recursive: true, withFileTypes: true });
  const left = files.filter((file) => file.isFile() && file.name !== "identity.txt").length;
  assert.equal(left, needed);
  return left;
}

let kills = 0;
let reused = 0;
for (let run = 1; run <= runs; run += 1) {
  const server = new Server();
  try {
    await server.start();
    const path = await send(server);
    await sleep(Math.random() * took);
    const before = await server.json(path);
    await server.killAndStart();
    kills += before.state === "running" ? 1 : 0;
    const job = await ready(server, path);
    assert.equal(await published(server, job), wanted, `run ${run}`);
    assert.equal(collect(server), objects, `run ${run} leaves what nothing needs`);
    assert.equal(await whole(server, job), 0, `run ${run} misses what its manifest names`);
    const headers = { authorization: `Bearer ${server.key}` };
    const events = await (await fetch(`http://${server.listen}${path}/events`, { headers })).text();
    reused += Number(/(\d+) found from before/.exec(events)?.[1] ?? 0);
    console.log(`run ${run}: killed while ${before.state}, ${before.stage ?? "-"} ${before.done}/${before.total}`);
  } finally {
    server.close();
  }
}
console.log(`${runs} runs, ${kills} killed while they ran, ${reused} encodes found from before: all published the same`);
