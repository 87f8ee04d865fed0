// The service worker: immutable objects come from the cache first, manifests from the cache while they are revalidated.
// A shop's own worker takes it in with one line, `importScripts("https://spins.example/girasol-sw.js")`.

import { strategyOf } from "./offline";

const CACHE = "girasol/1";
// Two or three packs a spin: about the last hundred spins, or fewer where frames came one by one.
const MOST_OBJECTS = 300;

interface WorkerEvent extends Event {
  request: Request;
  respondWith(answer: Promise<Response>): void;
  waitUntil(work: Promise<unknown>): void;
}

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
  return (await cache.match(request.url)) ?? fetchAndCache(cache, request, waitUntil);
}

/** The cached answer at once and a fresh one for the next time; past the cache where the page requires that. */
async function meanwhile(request: Request, waitUntil: WorkerEvent["waitUntil"]): Promise<Response> {
  const cache = await caches.open(CACHE);
  const known = await cache.match(request.url);
  const fresh = fetchAndCache(cache, request, waitUntil);
  if (known && request.cache !== "no-cache") {
    waitUntil(fresh.catch(() => {}));
    return known;
  }
  try {
    return await fresh;
  } catch (error) {
    // Without a network another tier's manifest is better than none: it names the same spin.
    const near = known ?? (await cache.match(request.url, { ignoreSearch: true }));
    if (near) return near;
    throw error;
  }
}

async function fetchAndCache(cache: Cache, request: Request, waitUntil: WorkerEvent["waitUntil"]): Promise<Response> {
  const response = await fetch(request);
  const isShared = !/no-store|private/.test(response.headers.get("Cache-Control") ?? "");
  // A cancelled load has no complete body to cache.
  if (response.status === 200 && isShared) waitUntil(store(cache, request.url, response.clone()).catch(() => {}));
  return response;
}

/** Caches an answer, and evicts the oldest ones. */
async function store(cache: Cache, url: string, response: Response): Promise<void> {
  await cache.put(url, response);
  const all = await cache.keys();
  await Promise.all(all.slice(0, Math.max(0, all.length - MOST_OBJECTS)).map((old) => cache.delete(old)));
}
