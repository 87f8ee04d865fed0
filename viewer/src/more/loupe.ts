// The loupe: what is zoomed beyond hd and rests gets the one frame at this angle at the raw frames' own size. It lies exactly
// over the frame of hd, since both were cut from the same place of the same raw frame.

import type { Kit } from "../element/kit";
import { hintsOf, srcOf } from "../loader/attributes";
import { looksLike } from "../loader/formats";
import { fillUrl, threeDigits } from "../loader/manifest";
import { bytesOf, get, netOf } from "../loader/net";
import { measuredSpeed } from "../loader/speed";
import { nearestDegree } from "../rules/turn";
import { paint } from "../screen/paint";
import type { Manifest } from "../wire";
import { hdOf } from "./enrich";

// A hand that pauses has not ended its turn, but who looks closely waits for nothing.
const AFTER_MS = 150;
const FAST_MBPS = 5;

export interface Loupe {
  /** The piece has turned, was zoomed or moved, or is another one: it rests from now on. */
  begin(): void;
  /** Nothing more is fetched. */
  end(): void;
  /** How many frames were painted since the last time. */
  take(): number;
}

/** `widthPx`: device pixels across which the canvas is shown in a close-up; 0 without one. */
export function createLoupe(kit: Kit, widthPx: () => number): Loupe {
  const { host, screen, loader, vitals } = kit;
  const { canvas } = screen.view;
  let timer = 0;
  let current = new AbortController();
  let painted = 0;
  /** What was asked for, and what has come once and is in the browser's cache. */
  const seen = new Set<string>();

  const end = () => {
    clearTimeout(timer);
    current.abort();
  };

  /** The server makes it when it has time: the next visitor has it. */
  const ask = ({ loupe_request: address }: Manifest) => {
    const url = address && new URL(address, srcOf(host)).href;
    if (!url || seen.has(url)) return;
    seen.add(url);
    void netOf(new AbortController().signal)
      .fetch(url, { method: "POST" })
      .catch(() => {});
  };

  const look = async () => {
    const { manifest } = loader;
    const hd = hdOf(kit);
    if (!manifest || !hd || screen.isPlaying || widthPx() <= hd.size[0]) return;
    const { loupe } = manifest;
    if (!loupe) return ask(manifest);
    // It stands there already: another frame would have given the canvas a size of its own.
    if (canvas.width === loupe.size[0]) return;
    if ((measuredSpeed() ?? hintsOf(host).downlinkMbps)! < FAST_MBPS) return;
    const format = loupe.formats[hd.format] ? hd.format : "webp";
    const set = loupe.formats[format]?.set;
    const degree = nearestDegree(loupe.degrees, screen.angle);
    if (!set || degree === undefined) return;
    current = new AbortController();
    const { signal } = current;
    const url = fillUrl(manifest.urls.frame, srcOf(host), { set, degree: threeDigits(degree), format });
    const bytes = await bytesOf(await get(netOf(signal), url));
    if (!looksLike(format, bytes)) return;
    if (!seen.has(url)) vitals.add("bytes", bytes.length);
    seen.add(url);
    const picture = await createImageBitmap(new Blob([bytes], { type: `image/${format}` }));
    if (!signal.aborted && screen.isComplete && loader.manifest === manifest) {
      paint(canvas, picture);
      painted++;
    }
    picture.close();
  };

  return {
    begin() {
      end();
      // What does not come now is tried again at the next rest.
      timer = setTimeout(() => screen.isComplete && look().catch(() => {}), AFTER_MS);
    },
    end,
    take() {
      const taken = painted;
      painted = 0;
      return taken;
    },
  };
}
