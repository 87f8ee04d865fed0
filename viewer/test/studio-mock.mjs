// A stand-in for the server's private side, to work on the studio without building it:
// `npm run mock:studio -- FRAMES [PORT]`. Any key that begins with `girasol_` signs in; one with `metrics` in it
// may not see anything.
//
// FRAMES holds folders as the other mock's, `ring-{metal}`, and `ring-{metal}@2` and so on for later versions.
// Nothing is encoded: what is uploaded, as WebP, becomes a version as it is. Nothing is stored beyond the end.
// MOCK_CUT=N cuts the connection after every N bytes of an upload; MOCK_FAST=1 makes jobs take half a second.

import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { framesOf, objectAt } from "./mock-spins.mjs";
import { addVersion, products, publish, sequences, versionOf } from "./studio/catalog.mjs";
import { found, id, json, jsonOf, Problem } from "./studio/http.mjs";
import { previews, ROUTES } from "./studio/routes.mjs";

const [folder, port = "8362"] = process.argv.slice(2);
if (!folder) {
  console.error("usage: studio-mock.mjs FRAMES [PORT]");
  process.exit(2);
}
const viewer = new URL("..", import.meta.url);
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
  "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const FILES = {
  "/studio": ["studio/index.html", "text/html; charset=utf-8"],
  "/studio.css": ["dist/studio.css", "text/css"],
  "/studio.js": ["dist/studio.js", "text/javascript"],
  "/girasol-spin.js": ["dist/girasol-spin.js", "text/javascript"],
};

const sessions = new Map();

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
    .find((version) => path === `/m/${version.manifest.digest}.json`);
  if (manifest) {
    if (search) throw new Problem(400, "bad-query", `${search} is unknown`);
    return [200, "application/json", JSON.stringify({ ...manifest.manifest, digest: undefined })];
  }
  const [, stillOf] = /^\/still\/(.+)\.webp$/.exec(path) ?? [];
  if (stillOf) {
    const sequence = found(sequences.get(stillOf));
    return [200, "image/webp", found(versionOf(sequence, sequence.live)).frames.get("000.webp")];
  }
  if (path.startsWith("/preview/")) return [200, "text/plain", found(previews.get(path))];
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

createServer(async (request, response) => {
  let answered;
  try {
    answered = await answer(request, response);
  } catch (error) {
    if (!(error instanceof Problem)) console.error(error);
    const { status = 500, slug = "internal", message, members } = error;
    const problem = {
      type: `urn:problem-type:girasol:${slug}`,
      title: "Not done",
      status,
      ...(status < 500 && { detail: message }),
      ...members,
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
