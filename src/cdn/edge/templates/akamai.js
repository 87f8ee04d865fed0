// Girasol behind Akamai, printed by `girasol edge akamai`. Print it anew when the policy changes.
//
// main.js of an EdgeWorker; bundle.json beside it: {"edgeworker-version": "1.0", "description": "Girasol"}. In the
// property, with @origin@ as the origin:
//
// 1. Rule for the path /api/products/customizable/*/sequence, methods GET and HEAD: the EdgeWorkers behaviour with this
//    worker. Cache key: include all query parameters. Remove the request headers Cookie and Authorization.
// 2. Rule for /s/* /p/* /m/*.json /still/* and /api/products/customizable/*/*: remove Cookie and Authorization.
// 3. Both: Caching "Honor origin Cache-Control and Expires" with Enhanced RFC support (s-maxage), serve stale on errors
//    of the origin, cache prefresh at 90 %. Copy the response header Cache-Tag into Edge-Cache-Tag, and purge by those:
//      akamai purge invalidate --tag c-0123 p-4567
//    Tiered Distribution makes one question of what many edges ask.
//    "Cache HTTP Error Responses" off: an error that may be kept says so itself.
// 4. All other paths: no-store. The API with keys and cookies, the studio, uploads and events pass as they are.
//
@delegation@

@functions@

export function onClientRequest(request) {
  if (!isSequence(request.path) || !PLAIN_QUERY.test(request.query)) return;
  const filled = girasolQuery(request.query, (name) => {
    const values = request.getHeader(name);
    return values === null || values === undefined ? undefined : [].concat(values).join(', ');
  });
  request.route({ query: filled });
}

export function onClientResponse(request, response) {
  // A browser would take the time here off its own ten minutes.
  const control = [].concat(response.getHeader('Cache-Control') ?? []).join(', ');
  if (!control.includes('immutable')) response.removeHeader('Age');
}
