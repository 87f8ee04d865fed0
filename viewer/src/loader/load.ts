// Loading a stage: packs first, single frames where packs do not come through.

import type { Format, Pack } from "../wire";
import { looksLike } from "./formats";
import { fillUrl, type Loaded, threeDigits } from "./manifest";
import { get, type Net, retry } from "./net";
import { chunksOf, cutPack, type PackedFrame } from "./pack";
import type { PackCache } from "./pack-cache";
import type { Stage } from "./stages";

/** Where frames go. */
export interface Sink {
  has(set: string, degree: number): boolean;
  put(stage: Stage, frame: PackedFrame): void;
}

/** What frames come by, and where they go. */
export interface Line {
  from: Loaded;
  sink: Sink;
  packs: PackCache;
  net: Net;
}

const PACK_TRIES = 2;
const FRAMES_AT_ONCE = 4;

/** Loads what is missing of a stage; resolves when all of its frames are in the sink. */
export async function loadStage(stage: Stage, line: Line): Promise<void> {
  for (const pack of stage.rendition.packs) await loadPack(pack, stage, line);
  // A manifest may name frames that stand in no pack.
  await loadFrames(stage.degrees, stage, line);
}

/** Loads one frame by its own URL. */
export async function loadFrame(degree: number, stage: Stage, line: Line, tries?: number): Promise<void> {
  const { set } = stage.rendition;
  if (!line.sink.has(set, degree)) line.sink.put(stage, await fetchFrame(degree, set, stage.format, line, tries));
}

/** One frame of a set, from memory or by its own URL. */
export async function fetchFrame(
  degree: number,
  set: string,
  format: Format,
  { from: { manifest, base }, packs, net }: Omit<Line, "sink">,
  tries?: number,
): Promise<PackedFrame> {
  const url = fillUrl(manifest.urls.frame, base, { set, degree: threeDigits(degree), format });
  const known = packs.find(set, degree);
  if (known) return known;
  const frame = await retry(
    net,
    async () => {
      const response = await get(net, url);
      return checked({ degree, bytes: new Uint8Array(await response.arrayBuffer()) }, format);
    },
    tries,
  );
  packs.put(url, set, [frame]);
  return frame;
}

async function loadPack(pack: Pack, stage: Stage, line: Line): Promise<void> {
  const { from, sink, packs, net } = line;
  const missing = () => pack.degrees.filter((degree) => !sink.has(stage.rendition.set, degree));
  if (!missing().length) return;
  const url = fillUrl(from.manifest.urls.pack, from.base, { pack: pack.pack });
  const take = (frame: PackedFrame) => sink.put(stage, frame);
  const known = packs.get(pack.pack);
  if (known) {
    known.forEach(take);
  } else {
    const stream = async () => {
      const { body } = await get(net, url);
      const frames: PackedFrame[] = [];
      for await (const frame of cutPack(chunksOf(body ?? new Blob().stream()), pack)) {
        frames.push(checked(frame, stage.format));
        take(frame);
      }
      packs.put(pack.pack, stage.rendition.set, frames);
    };
    // A pack that does not come through is no error yet: its missing frames come one by one.
    await retry(net, stream, PACK_TRIES).catch(() => net.signal.throwIfAborted());
  }
  await loadFrames(missing(), stage, line);
}

/** Loads frames one by one, a few at once, in the order given. */
export async function loadFrames(degrees: number[], stage: Stage, line: Line): Promise<void> {
  const left = degrees[Symbol.iterator]();
  const lane = async () => {
    for (const degree of left) await loadFrame(degree, stage, line);
  };
  await Promise.all(Array.from({ length: FRAMES_AT_ONCE }, lane));
}

/** What came may be no frame of the format: a proxy's page, or damage. */
function checked(frame: PackedFrame, format: Format): PackedFrame {
  if (!looksLike(format, frame.bytes)) throw new TypeError(`${frame.degree}`);
  return frame;
}
