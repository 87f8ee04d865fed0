// The service worker: what never changes from the cache first, manifests from the cache while they are asked for anew.
// A shop's own worker takes it in with one line, `importScripts("https://spins.example/girasol-sw.js")`.

import { strategyOf } from "./offline";

const CACHE = "girasol/1";
// Two or three packs a spin: the last hundred or so, or fewer where frames came one by one.
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
  return (await cache.match(request.url)) ?? fetchAndKeep(cache, request, waitUntil);
}

/** What is there at once, and what is new for the next time; past the cache where the page asks for that. */
async function meanwhile(request: Request, waitUntil: WorkerEvent["waitUntil"]): Promise<Response> {
  const cache = await caches.open(CACHE);
  const known = await cache.match(request.url);
  const fresh = fetchAndKeep(cache, request, waitUntil);
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

async function fetchAndKeep(cache: Cache, request: Request, waitUntil: WorkerEvent["waitUntil"]): Promise<Response> {
  const response = await fetch(request);
  const isShared = !/no-store|private/.test(response.headers.get("Cache-Control") ?? "");
  // A load that is cancelled has no whole body to keep.
  if (response.status === 200 && isShared) waitUntil(keep(cache, request.url, response.clone()).catch(() => {}));
  return response;
}

/** Keeps an answer, and forgets those that were kept longest ago. */
async function keep(cache: Cache, url: string, response: Response): Promise<void> {
  await cache.put(url, response);
  const all = await cache.keys();
  await Promise.all(all.slice(0, Math.max(0, all.length - MOST_OBJECTS)).map((old) => cache.delete(old)));
}
