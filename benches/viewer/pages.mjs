// The pages of the contenders: the markup from each one's README, and marks at each one's events.

import { readFileSync } from "node:fs";
import { manifestOf, snippetOf } from "./servers.mjs";

const METAL = "yellow-gold";
const CLOUDIMAGE = "js-cloudimage-360-view";
const SPRITESPIN = "spritespin";
const read = (path) => readFileSync(new URL(`node_modules/${path}`, import.meta.url));

/** Each with its version: "js-cloudimage-360-view 4.9.5". */
export const PEERS = [CLOUDIMAGE, SPRITESPIN].map(
  (name) => `${name} ${JSON.parse(read(`${name}/package.json`)).version}`,
);

const page = (body) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Ring</title><link rel="icon" href="data:,"><script>marks = {}; mark = (name) => (marks[name] ??= performance.now())</script><style>body { margin: 0 } #ring { display: block; width: 500px }</style>${body}`;

/** The lines that the server writes, in the tier that is compared. */
function girasol(snippet) {
  return page(`${snippet.replace("<girasol-spin", '<girasol-spin id="ring" tier="standard" frames="36" width="1" height="1"')}
<script>
  ring.addEventListener("ready", () => mark("spin"));
  ring.addEventListener("tierchange", ({ detail }) => detail.tier === "standard" && mark("arrived"));
</script>`);
}

/** All 36 in turn order, each by its own address, as other viewers want them. */
function framesOf(base, { urls, tiers: { standard } }) {
  const { set } = standard.formats.avif;
  const address = (degree) =>
    urls.frame.replace("{set}", set).replace("{degree}", String(degree).padStart(3, "0")).replace("{format}", "avif");
  return standard.degrees.map((degree) => base + address(degree));
}

/**
 * It requests the first frame twice, blurred with `?width=150` for an image CDN, and waits for that forever; Girasol rejects
 * the unknown query. Behind a `#` it is not sent, and the second request is saved, in the peer's favour. It makes an
 * `ImageBitmap` of each frame, which is decoded, before it reports anything.
 */
function cloudimage(frames) {
  return page(`<div id="ring"></div>
<script src="/cloudimage.js"></script>
<script>
  CI360.init(ring, {
    imageListX: ${JSON.stringify(frames.map((address) => `${address}#`))},
    onReady: () => mark("spin"),
    onLoad: () => mark("full"),
  });
</script>`);
}

/**
 * `crossOrigin`, so that what the canvas shows can be read and compared. It shows nothing before all frames are there, and so
 * reports the first spin and the full one at once. That it does before any frame but the first is decoded; the other two
 * decode first, so it is asked to as well: else its first turn would pay for what is not measured.
 */
function spritespin(frames, [width, height]) {
  const settings = { source: frames, width, height, animate: false, sense: -1, crossOrigin: "anonymous" };
  return page(`<div id="ring"></div>
<script src="/jquery.js"></script>
<script src="/spritespin.js"></script>
<script>
  jQuery(ring).spritespin({
    ...${JSON.stringify(settings)},
    onLoad: async (_, { images }) => {
      await Promise.all(images.map((image) => image.decode()));
      mark("spin");
      mark("full");
    },
  });
</script>`);
}

/** Names of the contenders with their pages, and the files that a shop serves for them; `base` is where they load from. */
export async function contenders(server, base = server) {
  const manifest = await manifestOf(server, METAL);
  const snippet = (await snippetOf(server, METAL)).replaceAll(server, base);
  const frames = framesOf(base, manifest);
  const pages = {
    Girasol: ["/girasol", girasol(snippet)],
    "Girasol, no picture in the page": ["/girasol-bare", girasol(snippet.replace(/<img[^>]*>/, ""))],
    [CLOUDIMAGE]: ["/cloudimage", cloudimage(frames)],
    [SPRITESPIN]: ["/spritespin", spritespin(frames, manifest.tiers.standard.formats.avif.size)],
  };
  const script = (path) => ["text/javascript; charset=utf-8", read(path)];
  const files = Object.fromEntries(
    Object.values(pages).map(([path, html]) => [path, ["text/html; charset=utf-8", html]]),
  );
  return {
    pages: Object.entries(pages).map(([name, [path]]) => ({
      name,
      path,
      isPeer: !name.startsWith("Girasol"),
    })),
    files: {
      ...files,
      "/cloudimage.js": script(`${CLOUDIMAGE}/dist/${CLOUDIMAGE}.min.js`),
      "/jquery.js": script("jquery/dist/jquery.min.js"),
      "/spritespin.js": script(`${SPRITESPIN}/release/spritespin.min.js`),
    },
  };
}
