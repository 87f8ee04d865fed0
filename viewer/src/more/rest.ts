// At rest: a screen with more pixels than the frames gets the frame of hd at this angle, and its neighbours are fetched for
// the next time. The set as a whole is loaded for a close-up alone.

import type { Kit } from "../element/kit";
import { hintsOf, srcOf } from "../loader/attributes";
import { looksLike } from "../loader/formats";
import { fillUrl, threeDigits } from "../loader/manifest";
import { bytesOf, get, netOf } from "../loader/net";
import { measuredSpeed } from "../loader/speed";
import { apart } from "../rules/turn";
import { paint } from "../screen/paint";
import { hdOf } from "./enrich";

// A hand that pauses has not ended its turn.
const AFTER_MS = 400;
const NEIGHBOURS = 2;
const FAST_MBPS = 5;

export interface Rest {
  /** The piece has turned, or is another one: it rests from now on. */
  begin(): void;
  /** Nothing more is fetched. */
  end(): void;
  /** How many frames of hd were painted at rest since the last time. */
  take(): number;
}

export function createRest(kit: Kit): Rest {
  const { host, screen, loader, vitals } = kit;
  const { view } = screen;
  let timer = 0;
  let current = new AbortController();
  let painted = 0;
  /** What has come once is in the browser's cache. */
  const seen = new Set<string>();

  const end = () => {
    clearTimeout(timer);
    current.abort();
  };

  const sharpen = async () => {
    const hd = hdOf(kit);
    const { canvas, scale } = view;
    const isDense = devicePixelRatio > 1 && canvas.clientWidth * devicePixelRatio > canvas.width;
    if (!hd || !isDense || scale > 1 || screen.isPlaying || host.dataset.state === "hd") return;
    if ((measuredSpeed() ?? hintsOf(host).downlinkMbps)! < FAST_MBPS) return;
    current = new AbortController();
    const { signal } = current;
    const { set, format, degrees } = hd;
    const { angle } = screen;
    const { manifest } = loader;
    const isStill = () => !signal.aborted && screen.isComplete && loader.manifest === manifest;
    const near = [...degrees].sort((one, other) => apart(one, angle) - apart(other, angle));
    for (const degree of near.slice(0, 1 + NEIGHBOURS)) {
      const url = fillUrl(manifest!.urls.frame, srcOf(host), { set, degree: threeDigits(degree), format });
      const isNearest = degree === near[0];
      if (!isNearest && seen.has(url)) continue;
      const bytes = await bytesOf(await get(netOf(signal), url));
      if (!looksLike(format, bytes)) return;
      if (!seen.has(url)) vitals.add("bytes", bytes.length);
      seen.add(url);
      if (!isNearest) continue;
      const picture = await createImageBitmap(new Blob([bytes], { type: `image/${format}` }));
      if (isStill()) {
        paint(canvas, picture);
        painted++;
      }
      picture.close();
    }
  };

  return {
    begin() {
      end();
      // What does not come now is tried again at the next rest.
      timer = setTimeout(() => screen.isComplete && sharpen().catch(() => {}), AFTER_MS);
    },
    end,
    take() {
      const taken = painted;
      painted = 0;
      return taken;
    },
  };
}
