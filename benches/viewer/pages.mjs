// The pages of the contenders: the markup from each one's README, and marks at each one's events.

import { readFileSync } from "node:fs";
import { manifestOf, sequenceOf } from "./servers.mjs";

export const PEER = "js-cloudimage-360-view";
const METAL = "yellow-gold";
const peerScript = readFileSync(new URL(`node_modules/${PEER}/dist/${PEER}.min.js`, import.meta.url));
export const peerVersion = JSON.parse(
  readFileSync(new URL(`node_modules/${PEER}/package.json`, import.meta.url)),
).version;

const page = (body) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Ring</title><link rel="icon" href="data:,"><script>marks = {}; mark = (name) => (marks[name] ??= performance.now())</script><style>body { margin: 0 } #ring { display: block; width: 500px }</style>${body}`;

function girasol(base, inside) {
  return page(`<script type="module" src="${base}/girasol-spin.js"></script>
<girasol-spin id="ring" src="${base}${sequenceOf(METAL)}" alt="Ring" tier="standard" frames="36" width="1" height="1">${inside}</girasol-spin>
<script>
  ring.addEventListener("ready", () => mark("spin"));
  ring.addEventListener("tierchange", ({ detail }) => detail.tier === "standard" && mark("arrived"));
</script>`);
}

/**
 * All 36 in turn order, each by its own address, as the viewer wants them. The peer requests the first one twice, blurred with
 * `?width=150` for an image CDN, and waits for that forever; Girasol rejects the unknown query. Behind a `#` it is not
 * sent, and the second request is saved, in the peer's favour.
 */
function peer(base, { urls, tiers: { standard } }) {
  const { set } = standard.formats.avif;
  const address = (degree) =>
    base +
    urls.frame.replace("{set}", set).replace("{degree}", String(degree).padStart(3, "0")).replace("{format}", "avif") +
    "#";
  return page(`<div id="ring"></div>
<script src="/peer.js"></script>
<script>
  CI360.init(ring, {
    imageListX: ${JSON.stringify(standard.degrees.map(address))},
    onReady: () => mark("spin"),
    onLoad: () => mark("full"),
  });
</script>`);
}

/** Names of the contenders with their pages, and the files that a shop serves for them. */
export async function contenders(base) {
  const manifest = await manifestOf(base, METAL);
  const still =
    base + manifest.urls.still.replace("{configuration}", manifest.configuration).replace("{format}", "webp");
  const pages = {
    Girasol: ["/girasol", girasol(base, `<img src="${still}" width="640" height="640" alt="Ring">`)],
    "Girasol, no picture in the page": ["/girasol-bare", girasol(base, "")],
    [PEER]: ["/peer", peer(base, manifest)],
  };
  const files = Object.fromEntries(
    Object.values(pages).map(([path, html]) => [path, ["text/html; charset=utf-8", html]]),
  );
  return {
    pages: Object.entries(pages).map(([name, [path]]) => ({ name, path })),
    files: { ...files, "/peer.js": ["text/javascript; charset=utf-8", peerScript] },
  };
}
