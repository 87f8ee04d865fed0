// The two servers of a run: Girasol over the sample rings, and a shop on an origin of its own.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";

export const METALS = ["yellow-gold", "rose-gold", "platinum"];
export const sequenceOf = (metal) => `/api/products/customizable/ring.solitaire.metal-${metal}.stone-diamond/sequence`;

const ENCODED_WITHIN_MS = 600_000;
const fixtures = new URL("../../fixtures", import.meta.url).pathname;

/** Starts the demo of GIRASOL in an empty folder and waits until every ring is complete. GIRASOL_URL names a running one. */
export async function startGirasol() {
  if (process.env.GIRASOL_URL) return { base: process.env.GIRASOL_URL, stop: async () => {} };
  if (!process.env.GIRASOL) throw new Error("GIRASOL has to name the binary");
  const folder = mkdtempSync(join(tmpdir(), "girasol-bench-viewer-"));
  const child = spawn(
    process.env.GIRASOL,
    ["demo", "--data", join(folder, "data"), "--listen", "127.0.0.1:0", "--fixtures", fixtures],
    {
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  const ended = new Promise((resolve) => child.once("close", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const base = await new Promise((resolve, reject) => {
      let said = "";
      child.once("error", reject);
      child.once("close", () => reject(new Error(`the demo ended:\n${said}`)));
      child.stdout.setEncoding("utf8").on("data", (text) => {
        const [address] = /http:\/\/[^/\s]+/.exec((said += text)) ?? [];
        if (address) resolve(address);
      });
    });
    await whole(base);
    return { base, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The demo serves previews first. */
async function whole(base) {
  const until = Date.now() + ENCODED_WITHIN_MS;
  for (const metal of METALS) {
    while (!(await manifestOf(base, metal).catch(() => undefined))?.tiers.hd) {
      if (Date.now() > until) throw new Error(`${metal} was not encoded in time`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

export async function manifestOf(base, metal) {
  const response = await fetch(`${base}${sequenceOf(metal)}?tier=standard&frames=36&format=avif`);
  if (!response.ok) throw new Error(`${metal}: ${response.status}`);
  return response.json();
}

/** The lines that put the spin on a page. */
export async function snippetOf(base, metal) {
  const response = await fetch(`${base}${sequenceOf(metal).replace(/sequence$/, "snippet")}`);
  if (!response.ok) throw new Error(`${metal}: ${response.status}`);
  return response.text();
}

/** Serves `{path: [content type, body]}`, compressed as well as a CDN would. */
export async function startShop(files) {
  const packed = new Map(
    Object.entries(files).map(([path, [type, body]]) => [path, { type, body: brotliCompressSync(body) }]),
  );
  const server = createServer(({ url }, answer) => {
    const file = packed.get(url);
    if (!file) return answer.writeHead(404).end();
    const head = { "Content-Type": file.type, "Content-Encoding": "br", "Content-Length": file.body.length };
    answer.writeHead(200, { ...head, "Cache-Control": "public, max-age=3600" }).end(file.body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { base: `http://127.0.0.1:${server.address().port}`, stop };
}
