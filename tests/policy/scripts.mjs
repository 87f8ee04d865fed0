// Runs the scripts that `girasol edge` has printed into a folder, against the cases of one policy:
// node scripts.mjs FOLDER default|changed

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";

const [folder, policy] = process.argv.slice(2);
const table = JSON.parse(readFileSync(new URL("cases.json", import.meta.url), "utf8"));
const PATH = "/api/products/customizable/ring.solitaire/sequence";
const ORDER = /^(?:tier=[a-z]+&frames=[0-9]+&)format=(?:avif|webp)$/;

/** Each script, asked as its CDN asks it: the query that it makes of a query and header lines. */
const edges = { cloudfront: cloudfront(), cloudflare: await cloudflare(), akamai: await akamai() };

for (const [name, { ask }] of Object.entries(edges)) {
  let asked = 0;
  for (const { note, query = "", headers = [], [policy]: expected } of table.cases) {
    if (note !== undefined) continue;
    const lines = headers.map((header) => header.split(/: (.*)/s).slice(0, 2));
    const rewritten = await ask(query, lines);
    const pairs = new URLSearchParams(rewritten);
    // What was asked for stays; what it leaves open is filled in.
    for (const [key, value] of new URLSearchParams(query)) assert.equal(pairs.get(key), value, `${name} ${query}`);
    if (query === "" || /^format=[a-z]+$/.test(query)) {
      assert.match(rewritten, ORDER, name);
      const decided = `${pairs.get("tier")} ${pairs.get("frames")} ${pairs.get("format")}`;
      assert.equal(decided, expected, `${name}: ${query} ${headers.join(" | ")}`);
    } else if (expected !== "refused") {
      assert.equal(pairs.get("format"), expected.split(" ")[2], `${name} ${query} ${headers.join(" | ")}`);
      assert.ok([...pairs.keys()].length <= 3);
    }
    asked += 1;
  }
  assert.ok(asked > 500, `${name} was asked ${asked} times`);
  assert.equal(await ask("explain=1", [["ECT", "2g"]]), "explain=1", name);
}

/** Addresses that caches store, each with other spellings of it. */
const spellings = JSON.parse(readFileSync(join(folder, "spellings.json"), "utf8"));
const PLAIN = /^(?:[/](?:[\w~-]+[.])*[\w~-]+)+(?:[?][\w.~=-]+(?:&[\w.~=-]+)*)?$/;

for (const [name, { pass }] of Object.entries(edges)) {
  for (const [plain, others] of spellings) {
    const stored = await pass(plain);
    assert.equal(stored.key, stored.forwarded, `${name} ${plain}`);
    for (const spelling of others) {
      // What the CDN hands to its script, which the CDN may have tidied: then it asks for the tidied one as well.
      const { given, key, forwarded } = await pass(spelling);
      if (!PLAIN.test(given)) assert.equal(forwarded, given, `${name} passes ${spelling} as it came`);
      assert.equal(forwarded.split("?")[0], given.split("?")[0], `${name} ${spelling}`);
      if (key !== undefined) assert.equal(key, forwarded, `${name} keeps ${spelling} as what it asks for`);
      if (name === "cloudflare" && !PLAIN.test(given)) assert.equal(key, undefined, `${name} keeps ${spelling}`);
    }
  }
}

// Fastly's language does not run here, but the expression does that decides what is looked up.
const [, looked] = / req[.]url !~ "([\^][(].+)"$/m.exec(readFileSync(join(folder, "fastly.vcl"), "utf8"));
for (const [plain, others] of spellings) {
  assert.match(plain, new RegExp(looked));
  const odd = others.filter((spelling) => !PLAIN.test(spelling));
  for (const spelling of odd) assert.doesNotMatch(spelling, new RegExp(looked), "fastly");
}

/** Header lines by their names in lower case. */
function grouped(lines) {
  const groups = {};
  for (const [name, value] of lines) (groups[name.toLowerCase()] ??= []).push(value);
  return groups;
}

function cloudfront() {
  const context = vm.createContext({});
  vm.runInContext(readFileSync(join(folder, "cloudfront.mjs"), "utf8"), context);
  const age = { response: { headers: { age: { value: "7" }, etag: { value: "x" } } } };
  assert.deepEqual(Object.keys(context.handler(age).headers), ["etag"]);
  const frame = { uri: "/s/0123/000.avif", querystring: {}, headers: {} };
  assert.deepEqual(context.handler({ request: frame }), frame);
  const twice = { uri: PATH, querystring: { tier: { value: "hd", multiValue: [{}, {}] } }, headers: {} };
  assert.deepEqual(Object.keys(context.handler({ request: twice }).querystring), ["tier"]);
  const written = ({ uri, querystring }) => {
    const pairs = Object.entries(querystring).map(([key, { value }]) => `${key}=${value}`);
    return pairs.length > 0 ? `${uri}?${pairs.join("&")}` : uri;
  };
  const pass = (target) => {
    const [, uri, query = ""] = /^([^?]*)(?:[?](.*))?$/s.exec(target);
    const querystring = {};
    for (const pair of query.split("&").filter((pair) => pair !== "")) {
      const [, key, value] = /^([^=]*)(?:=(.*))?$/s.exec(pair);
      querystring[key] = { value: value ?? "" };
    }
    const given = written({ uri, querystring });
    const forwarded = written(context.handler({ request: { method: "GET", uri, querystring, headers: {} } }));
    // The key is the request that the function leaves.
    return { given, key: forwarded, forwarded };
  };
  const ask = (query, lines) => {
    const querystring = {};
    for (const [key, value] of new URLSearchParams(query)) querystring[key] = { value };
    const headers = {};
    for (const [name, values] of Object.entries(grouped(lines))) {
      headers[name] = { value: values[0] };
      if (values.length > 1) headers[name].multiValue = values.map((value) => ({ value }));
    }
    const asked = context.handler({ request: { method: "GET", uri: PATH, querystring, headers } });
    return Object.entries(asked.querystring)
      .map(([key, { value }]) => `${key}=${value}`)
      .join("&");
  };
  return { ask, pass };
}

async function cloudflare() {
  const worker = (await import(pathToFileURL(join(folder, "cloudflare.mjs")).href)).default;
  let forwarded;
  let isKept;
  globalThis.fetch = async (request, { cf } = {}) => {
    forwarded = request;
    isKept = cf?.cacheEverything === true;
    const immutable = new URL(request.url).pathname.startsWith("/s/");
    const control = immutable ? "public, max-age=31536000, immutable" : "public, max-age=600";
    return new Response("{}", { headers: { age: "7", "cache-control": control } });
  };
  const ask = async (path, lines, method = "GET") => {
    const headers = new Headers();
    for (const [name, value] of lines) {
      // The network lets bytes through that fetch() does not; they are read one by one.
      headers.append(name, Buffer.from(value, "utf8").toString("latin1"));
    }
    return worker.fetch(new Request(`https://spins.example${path}`, { method, headers }));
  };
  const secrets = [["Cookie", "visitor=7"], ["Authorization", "Bearer x"]];
  const frame = await ask("/s/0123/000.avif", secrets);
  assert.equal(frame.headers.get("age"), "7");
  assert.equal(forwarded.headers.get("authorization"), null);
  assert.equal((await ask(PATH, secrets)).headers.get("age"), null);
  assert.equal(forwarded.headers.get("authorization"), null);
  for (const [path, method] of [["/api/framesets", "GET"], [PATH, "POST"]]) {
    await ask(path, secrets, method);
    assert.equal(forwarded.headers.get("authorization"), "Bearer x", path);
  }
  const query = async (query, lines) => {
    await ask(query ? `${PATH}?${query}` : PATH, lines);
    return new URL(forwarded.url).search.slice(1);
  };
  const origin = "https://spins.example";
  const pass = async (target) => {
    const given = new Request(`${origin}${target}`).url.slice(origin.length);
    await ask(target, []);
    const url = forwarded.url.slice(origin.length);
    return { given, key: isKept ? url : undefined, forwarded: url };
  };
  return { ask: query, pass };
}

async function akamai() {
  const worker = await import(pathToFileURL(join(folder, "akamai.mjs")).href);
  const removed = [];
  for (const control of ["public, max-age=600", "public, max-age=31536000, immutable"]) {
    const response = { getHeader: () => [control], removeHeader: (name) => removed.push(name) };
    worker.onClientResponse({}, response);
  }
  assert.deepEqual(removed, ["Age"]);
  const route = (path, query, lines) => {
    const groups = grouped(lines);
    const routed = { path, query };
    worker.onClientRequest({
      path,
      query,
      getHeader: (name) => groups[name] ?? null,
      route: (to) => Object.assign(routed, to),
    });
    return routed;
  };
  const pass = (target) => {
    const written = ({ path, query }) => (query === "" ? path : `${path}?${query}`);
    const [, path, query = ""] = /^([^?]*)(?:[?](.*))?$/s.exec(target);
    const forwarded = written(route(path, query, []));
    // The key has the path and every parameter of what is routed.
    return { given: written({ path, query }), key: forwarded, forwarded };
  };
  return { ask: (query, lines) => route(PATH, query, lines).query, pass };
}
