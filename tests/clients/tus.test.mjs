// tus-js-client sends a whole turn over a line that breaks, to a server that is killed again and again.

import assert from "node:assert/strict";
import { createReadStream, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as tus from "tus-js-client";
import { BadLine, Server } from "./server.mjs";

const turn = join(dirname(fileURLToPath(import.meta.url)), "../../fixtures/ring-yellow-gold");
/** Uploads at once, as a browser would. */
const AT_ONCE = 6;
/** How often the server is killed. */
const KILLS = 8;

function upload(endpoint, key, frameset, name) {
  const path = join(turn, name);
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(createReadStream(path), {
      endpoint,
      uploadSize: statSync(path).size,
      chunkSize: 20_000,
      headers: { Authorization: `Bearer ${key}` },
      metadata: { frameset, filename: name },
      retryDelays: Array.from({ length: 60 }, (_, index) => Math.min(50 * index, 500)),
      onError: reject,
      onSuccess: resolve,
    });
    upload.start();
  });
}

test("a turn arrives byte for byte, and is encoded", { timeout: 600_000 }, async (t) => {
  const server = new Server();
  await server.start();
  const line = new BadLine(server, 200_000);
  const endpoint = `${await line.start()}/api/uploads`;
  t.after(() => {
    line.close();
    server.close();
  });

  const names = readdirSync(turn).filter((name) => name.endsWith(".webp"));
  assert.equal(names.length, 360);
  const choices = { metal: "yellow-gold", stone: "diamond" };
  const body = JSON.stringify({ product: "ring.solitaire", choices, frames: names.length });
  const set = await server.json("/api/framesets", { method: "POST", body });

  // Killed whenever another ninth has arrived.
  let sent = 0;
  let kills = 0;
  let killing = Promise.resolve();
  const waiting = [...names];
  const sender = async () => {
    for (let name; (name = waiting.pop()); ) {
      await upload(endpoint, server.key, set.id, name);
      sent += 1;
      if (kills < KILLS && sent >= ((kills + 1) * names.length) / (KILLS + 1)) {
        kills += 1;
        killing = killing.then(() => server.killAndStart());
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  await killing;
  line.mend();
  t.diagnostic(`${kills} kills, ${line.cuts} cuts`);
  assert.equal(kills, KILLS);
  assert.ok(line.cuts > 10, `the line was cut ${line.cuts} times`);

  const arrived = await server.json(`/api/framesets/${set.id}`);
  assert.equal(arrived.state, "committed");
  assert.deepEqual(arrived.files.map((file) => file.name).sort(), [...names].sort());
  for (const { name, digest } of arrived.files) {
    const file = readFileSync(join(server.data, "incoming", set.id, "files", digest));
    assert.ok(file.equals(readFileSync(join(turn, name))), name);
  }

  let job = arrived.job;
  while (job.state === "queued" || job.state === "running") {
    await new Promise((resolve) => setTimeout(resolve, 250));
    job = await server.json(`/api/jobs/${job.id}`);
  }
  assert.equal(job.state, "ready", JSON.stringify(job.failure));
});
