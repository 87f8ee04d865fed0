// The service worker: immutable objects come from the cache first, manifests from the cache while they are revalidated.
// A shop's own worker takes it in with one line, `importScripts("https://spins.example/girasol-sw.js")`.
//
// A spin that was taken down or protected goes from the cache with the first answer that says so. Only Girasol's own
// problem says so; without a network, and behind a portal that answers for it, everything stays.

import { isManifest, isRefusal, namedBy, objectAt, objectsOf, strategyOf } from "./offline";
import type { Manifest, Refused } from "./wire";

const CACHE = "girasol/1";
// Two or three packs a spin: about the last hundred spins, or fewer where frames came one by one.
const MOST_OBJECTS = 300;

/** Objects that were deleted just now: loads on their way do not bring them back. */
const deleted = new Set<string>();

interface WorkerEvent extends Event {
  request: Request;
  respondWith(answer: Promise<Response>): void;
  waitUntil(work: Promise<unknown>): void;
}

/** The pages that a worker may write to. */
declare const clients: {
  matchAll(options: { type: "window"; includeUncontrolled: boolean }): Promise<{ postMessage(data: Refused): void }[]>;
};

addEventListener("fetch", (event) => {
  const { request, respondWith, waitUntil } = bound(event as WorkerEvent);
  const strategy = strategyOf(request.method, request.url, request.headers.has("Range"));
  if (strategy === "first") respondWith(cacheFirst(request, waitUntil));
  if (strategy === "meanwhile") respondWith(meanwhile(request, waitUntil));
});

function bound(event: WorkerEvent) {
  return { request: event.request, respondWith: event.respondWith.bind(event), waitUntil: event.waitUntil.bind(event) };
}

async function cacheFirst(request: Request, waitUntil: WorkerEvent["waitUntil"]): Promise<Response> {
  const cache = await caches.open(CACHE);
  if (request.cache !== "reload")
    return (await cache.match(request.url)) ?? fetchAndCache(cache, request, request.url, waitUntil);
  // A page that was told of a take-down asks whether the server still has it.
  const response = await fetchAndCache(cache, request, request.url, waitUntil);
  if ([404, 410].includes(response.status)) await cache.delete(request.url);
  return response;
}

/** The cached answer at once and a fresh one for the next time; past the cache where the page requires that. */
async function meanwhile(request: Request, waitUntil: WorkerEvent["waitUntil"]): Promise<Response> {
  const cache = await caches.open(CACHE);
  const known = await cache.match(request.url);
  const fresh = revalidate(cache, request, waitUntil);
  if (known && request.cache !== "no-cache") {
    waitUntil(fresh.catch(() => {}));
    return known;
  }
  try {
    const { response, isOwn } = await fresh;
    return (!isOwn && known) || response;
  } catch (error) {
    // Without a network another tier's manifest is better than none: it names the same spin.
    const near = known ?? (await cache.match(request.url, { ignoreSearch: true }));
    if (near) return near;
    throw error;
  }
}

/** Asks the server itself, and says whether it was the server that answered: the browser's own cache may know nothing of a take-down for minutes. */
async function revalidate(cache: Cache, request: Request, waitUntil: WorkerEvent["waitUntil"]) {
  const response = await fetchAndCache(cache, new Request(request, { cache: "no-cache" }), request.url, waitUntil);
  const body =
    response.status >= 400 &&
    (await response
      .clone()
      .json()
      .catch(() => {}));
  const isRefused = isRefusal(response.status, response.headers.get("Content-Type"), body);
  if (isRefused) await forget(cache, request.url, response.status);
  return { response, isOwn: isRefused || (response.ok && !isPage(response)) };
}

async function fetchAndCache(
  cache: Cache,
  request: Request,
  url: string,
  waitUntil: WorkerEvent["waitUntil"],
): Promise<Response> {
  const response = await fetch(request);
  const isShared = !/no-store|private/.test(response.headers.get("Cache-Control") ?? "");
  // A cancelled load has no complete body to cache.
  if (response.status === 200 && isShared && !isPage(response))
    waitUntil(store(cache, url, response.clone()).catch(() => {}));
  return response;
}

/** A portal's page, which may come in the server's place and with any status. */
function isPage(response: Response): boolean {
  return /^text\/html\b/.test(response.headers.get("Content-Type") ?? "");
}

/** Caches an answer, and evicts the oldest ones. */
async function store(cache: Cache, url: string, response: Response): Promise<void> {
  if (isManifest(url) && deleted.size)
    for (const object of objectsOf(await response.clone().json())) deleted.delete(object);
  await cache.put(url, response);
  if (deleted.has(objectAt(url)!)) await cache.delete(url);
  const all = await cache.keys();
  await Promise.all(all.slice(0, Math.max(0, all.length - MOST_OBJECTS)).map((old) => cache.delete(old)));
}

/** Deletes what belongs to the configuration at an address, but for objects of other cached manifests, and tells all pages of it. */
async function forget(cache: Cache, url: string, status: number): Promise<void> {
  const { origin } = new URL(url);
  const configuration = namedBy(url);
  if (!configuration) return void (await cache.delete(url, { ignoreSearch: true }));
  const keys = await cache.keys();
  const gone = new Set<string>();
  const kept = new Set<string>();
  const own: Request[] = [];
  for (const key of keys) {
    const manifest: Manifest | undefined = isManifest(key.url) && (await (await cache.match(key))?.json());
    const isOwn = new URL(key.url).origin === origin && (namedBy(key.url) ?? manifest?.configuration) === configuration;
    if (isOwn) own.push(key);
    for (const object of manifest ? objectsOf(manifest) : []) (isOwn ? gone : kept).add(object);
  }
  for (const object of gone) if (!kept.has(object)) deleted.add(object);
  const left = keys.filter(({ url }) => deleted.has(objectAt(url)!));
  await Promise.all([...own, ...left].map((key) => cache.delete(key)));
  // Once: a page that is told asks the server again, whose answer comes by here.
  if (!own.length) return;
  for (const page of await clients.matchAll({ type: "window", includeUncontrolled: true }))
    page.postMessage({ type: "girasol.refused/1", origin, configuration, status });
}
