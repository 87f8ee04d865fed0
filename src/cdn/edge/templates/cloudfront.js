// Girasol behind Amazon CloudFront, printed by `girasol edge cloudfront`. Print it anew when the policy changes.
//
// A CloudFront Function (runtime cloudfront-js-2.0) for the events viewer-request and viewer-response. Beside it:
//
// 1. Origin: @origin@, compression by the origin. Origin Shield makes one question of what many regions ask at once.
// 2. Cache policy "girasol": TTLs minimum 0, default 0, maximum 31536000; in the key all query strings, no header, no
//    cookie; Gzip and Brotli on (which puts a tidied Accept-Encoding into the key).
// 3. Behaviours with that cache policy, GET, HEAD and OPTIONS, no origin request policy, each with this function:
//      /api/products/customizable/*/sequence   on viewer-request and viewer-response
//      /still/*                                on viewer-response
//      /s/*  /p/*  /m/*.json                   without it
//      /girasol-spin.js  /girasol-spin.more.js  /girasol-spin.words.js  /girasol-spin.classic.js  /girasol-sw.js   without it
//    Neither cookies nor Authorization go to the origin from these.
// 4. Default behaviour: all methods, managed policies CachingDisabled and AllViewer: the API with keys and cookies, the
//    studio, uploads and events pass as they are. Origin response timeout 60 s.
// 5. Custom error responses for 400, 404, 405 and 414, without a page, each with an error caching minimum TTL of 0: an
//    error that may be kept says so itself. CloudFront would keep any other for ten seconds.
//
// Fresh and stale: CloudFront follows s-maxage, stale-while-revalidate and stale-if-error of Cache-Control, and asks
// once for all who ask at the same moment. Purge: an invalidation of /api/products/customizable/ID/* and /still/ID.*
// for a configuration ID; frames, packs and /m/ never need one.
// `?explain=1` shows what CloudFront lets through, which is no hint.
//
@delegation@

@functions@

function handler(event) {
  if (event.response) {
    // A browser would take the time here off its own ten minutes.
    delete event.response.headers.age;
    return event.response;
  }
  var request = event.request;
  if (!isSequence(request.uri)) return request;
  var keys = Object.keys(request.querystring);
  var repeated = keys.some(function (key) {
    return request.querystring[key].multiValue;
  });
  // The server refuses it.
  if (repeated) return request;
  var query = keys.map(function (key) {
    return key + '=' + request.querystring[key].value;
  });
  query = query.join('&');
  if (!PLAIN_QUERY.test(query)) return request;
  var filled = girasolQuery(query, function (name) {
    var header = request.headers[name];
    if (!header) return undefined;
    if (!header.multiValue) return header.value;
    return header.multiValue.map(function (one) {
      return one.value;
    }).join(', ');
  });
  request.querystring = {};
  filled.split('&').forEach(function (pair) {
    var at = pair.indexOf('=');
    if (at > 0) request.querystring[pair.slice(0, at)] = { value: pair.slice(at + 1) };
  });
  return request;
}
