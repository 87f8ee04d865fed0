// Girasol behind Cloudflare, printed by `girasol edge cloudflare`. Print it anew when the policy changes.
//
// A Worker (module syntax) on the routes of the proxied host name whose origin is @origin@:
//   spins.example/api/products/customizable/*
//   spins.example/s/*  spins.example/p/*  spins.example/m/*  spins.example/still/*
// Turn "Normalize URLs to origin" on (Rules, Settings), or "Normalize incoming URLs" off: with one of them alone, the
// origin is asked in another spelling than the cache looks up.
// All else has no route and passes as it is: the API with keys and cookies, the studio, uploads (Cloudflare's own limit
// on bodies applies; artists may use the origin's own name) and events.
//
// Fresh and stale: CDN-Cache-Control says so (an hour, ten minutes stale while it is fetched anew, a day stale where the
// origin is down); leave Cache Rules away from these paths, and Always Online off. One colo asks once for all who ask at
// the same moment; Tiered Cache makes one question of what many colos ask. Purge by the tags in Cache-Tag:
//   POST /zones/ZONE/purge_cache  {"tags": ["c-0123", "p-4567"]}
//
@delegation@

@functions@

var PUBLIC = /^[/](?:(?:s|p|still)[/]|m[/][0-9a-f]+[.]json$|api[/]products[/]customizable[/][a-z0-9-]+[/][a-z0-9-]+$)/;

export default {
  async fetch(request) {
    const url = new URL(request.url);
    const sequence = isSequence(url.pathname);
    const reading = request.method === 'GET' || request.method === 'HEAD';
    const plain = PLAIN_PATH.test(url.pathname) && PLAIN_QUERY.test(url.search.slice(1)) && !url.href.endsWith('?');
    if (!reading || !plain || !(sequence || PUBLIC.test(url.pathname))) return fetch(request);

    const headers = new Headers(request.headers);
    headers.delete('Cookie');
    headers.delete('Authorization');
    if (sequence) {
      const filled = girasolQuery(url.search.slice(1), (name) => request.headers.get(name) ?? undefined);
      if (url.searchParams.has('explain')) return fetch(request);
      url.search = filled;
    }
    const found = await fetch(new Request(url, { method: request.method, headers }), { cf: { cacheEverything: true } });
    const response = new Response(found.body, found);
    // A browser would take the time here off its own ten minutes.
    if (!(response.headers.get('Cache-Control') ?? '').includes('immutable')) response.headers.delete('Age');
    return response;
  },
};
