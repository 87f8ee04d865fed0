// What a CDN is asked for, and what it sends, for 1,000 spins: through a real Varnish with the printed set-up, counted
// on the line (HTTP/1.1, heads included). Not a benchmark of speed.
//
// GIRASOL=target/release/girasol node benches/delivery.mjs [DATA CONFIGURATION]
//
// Without a data folder one of the sample rings is ingested first.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SPINS = 1000;
const binary = process.env.GIRASOL;
if (!binary) {
  console.error("usage: GIRASOL=BINARY node benches/delivery.mjs [DATA CONFIGURATION]");
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "girasol-delivery-"));
const [data, configuration] = process.argv.length > 3 ? process.argv.slice(2) : ingested();
const children = [];
const agent = new Agent({ keepAlive: true });

function ingested() {
  const data = join(folder, "data");
  const ring = new URL("../fixtures/ring-platinum", import.meta.url).pathname;
  const choice = ["--product", "ring/solitaire", "--choice", "metal=platinum"];
  execFileSync(binary, ["ingest", ring, ...choice, "--data", data], { stdio: ["ignore", "ignore", "inherit"] });
  return [data, "ring.solitaire.metal-platinum"];
}

function started(command, arguments_, stream, sign) {
  return new Promise((resolve, reject) => {
    // Every visitor is this machine.
    const env = { ...process.env, GIRASOL_LIMITS__ENABLED: "false" };
    const child = spawn(command, arguments_, { env, stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    let said = "";
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`${command} ended:\n${said}`)));
    for (const name of ["stdout", "stderr"]) {
      child[name].setEncoding("utf8").on("data", (text) => {
        if (name === stream && !said.includes(sign)) said += text;
        if (said.includes(sign)) resolve(said);
      });
    }
  });
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** One request, and all bytes that came for it. */
function ask(base, path, headers = {}) {
  return new Promise((resolve, reject) => {
    get(base + path, { agent, headers: { "accept-encoding": "gzip, deflate, br, zstd", ...headers } }, (response) => {
      const head = response.rawHeaders.reduce((sum, text) => sum + Buffer.byteLength(text) + 2, 0) + "HTTP/1.1 200 OK\r\n\r\n".length;
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const body = Buffer.concat(chunks);
        if (response.statusCode !== 200) reject(new Error(`${path}: ${response.statusCode}`));
        resolve({ body, bytes: head + body.length, hit: response.headers["x-cache"] === "HIT" });
      });
    }).on("error", reject);
  });
}

async function measure(edge, manifest, tier, format, way) {
  const sequence = `/api/products/customizable/${configuration}/sequence?tier=${tier.split("-")[0]}&frames=${manifest.tiers[tier].frames}&format=${format}`;
  const { set, packs, bare } = manifest.tiers[tier].formats[format];
  const whole = packs.map(({ pack }) => pack);
  const three = (degree) => String(degree).padStart(3, "0");
  const paths =
    way !== "single frames"
      ? (way === "packs" ? (bare?.packs ?? whole) : whole).map((pack) => `/p/${pack}.pack`)
      : packs.flatMap(({ degrees }) => degrees).map((degree) => `/s/${set}/${three(degree)}.${format}`);
  let [requests, bytes, origin] = [0, 0, 0];
  for (let spin = 0; spin < SPINS; spin += 1) {
    for (const path of [sequence, ...paths]) {
      const answer = await ask(edge, path);
      requests += 1;
      bytes += answer.bytes;
      if (!answer.hit) origin += 1;
    }
  }
  return { requests, bytes, origin };
}

try {
  const said = await started(binary, ["serve", "--data", data, "--listen", "127.0.0.1:0"], "stdout", "\n");
  const origin = /http:\/\/[^/]+/.exec(said)[0];
  const at = `127.0.0.1:${await freePort()}`;
  const vcl = join(folder, "girasol.vcl");
  writeFileSync(vcl, execFileSync(binary, ["edge", "varnish", "--origin", origin.replace("http://", "")]));
  const varnish = ["-F", "-j", "none", "-a", at, "-n", join(folder, "varnish"), "-s", "malloc,64m", "-p", "http_gzip_support=off", "-f", vcl];
  await started("/usr/sbin/varnishd", varnish, "stderr", "Child starts");
  const address = `/api/products/customizable/${configuration}/sequence`;
  const manifest = JSON.parse((await ask(origin, address, { "accept-encoding": "identity" })).body);
  console.log("| tier | format | way | requests | MB | of them to the origin, once |");
  console.log("|---|---|---|---:|---:|---:|");
  for (const tier of ["preview", "standard", "hd"]) {
    for (const format of ["avif", "webp"]) {
      const ways = manifest.tiers[tier].formats[format].bare ? ["packs", "packs, older viewers"] : ["packs"];
      for (const way of [...ways, "single frames"]) {
        const { requests, bytes, origin: asked } = await measure(`http://${at}`, manifest, tier, format, way);
        const cells = [`${tier}, ${manifest.tiers[tier].frames} frames`, format, way, requests.toLocaleString("en"), (bytes / 1e6).toFixed(1), asked];
        console.log(`| ${cells.join(" | ")} |`);
      }
    }
  }
} finally {
  agent.destroy();
  for (const child of children) {
    child.removeAllListeners("exit");
    child.kill("SIGTERM");
  }
  await Promise.all(children.map((child) => child.exitCode ?? new Promise((resolve) => child.once("close", resolve))));
  rmSync(folder, { recursive: true, force: true });
}
