// Loading a stage: packs first, single frames where packs do not come through.

import { looksLike } from "./formats";
import { fillUrl, type Loaded, type Pack, threeDigits } from "./manifest";
import { get, type Net, retry } from "./net";
import { chunksOf, cutPack, type PackedFrame } from "./pack";
import type { PackCache } from "./pack-cache";
import type { Stage } from "./stages";

/** Where frames go. */
export interface Sink {
  has(set: string, degree: number): boolean;
  /** Takes an encoded frame; rejects where it cannot be decoded. */
  put(stage: Stage, frame: PackedFrame): Promise<void>;
}

/** What came is no frame of the format: a proxy's page, or damage. */
export class NotAFrame extends Error {}

const PACK_TRIES = 2;
const FRAMES_AT_ONCE = 4;

/** Loads what is missing of a stage; resolves when all of its frames are in the sink. */
export async function loadStage(stage: Stage, from: Loaded, sink: Sink, packs: PackCache, net: Net): Promise<void> {
  for (const pack of stage.rendition.packs) await loadPack(pack, stage, from, sink, packs, net);
  // A manifest may name frames that stand in no pack.
  await loadFrames(stage.degrees, stage, from, sink, net);
}

/** Loads one frame by its own URL. */
export async function loadFrame(degree: number, stage: Stage, from: Loaded, sink: Sink, net: Net): Promise<void> {
  const { set } = stage.rendition;
  if (sink.has(set, degree)) return;
  const url = fillUrl(from.manifest.urls.frame, from.base, {
    set,
    degree: threeDigits(degree),
    format: stage.format,
  });
  const frame = await retry(net, async () => {
    const response = await get(net, url);
    return checked({ degree, bytes: new Uint8Array(await response.arrayBuffer()) }, stage);
  });
  await sink.put(stage, frame);
}

async function loadPack(
  pack: Pack,
  stage: Stage,
  from: Loaded,
  sink: Sink,
  packs: PackCache,
  net: Net,
): Promise<void> {
  const missing = () => pack.degrees.filter((degree) => !sink.has(stage.rendition.set, degree));
  if (!missing().length) return;
  const url = fillUrl(from.manifest.urls.pack, from.base, { pack: pack.pack });
  const puts: Promise<void>[] = [];
  const take = (frame: PackedFrame) => {
    if (sink.has(stage.rendition.set, frame.degree)) return;
    const put = sink.put(stage, frame);
    // Awaited below, when the stream has ended; until then a rejection is not unhandled.
    put.catch(() => {});
    puts.push(put);
  };
  const known = packs.get(pack.pack);
  if (known) {
    known.forEach(take);
  } else {
    const stream = async () => {
      const { body } = await get(net, url);
      const frames: PackedFrame[] = [];
      for await (const frame of cutPack(chunksOf(body ?? new Blob().stream()), pack)) {
        frames.push(checked(frame, stage));
        take(frame);
      }
      packs.put(pack.pack, frames);
    };
    // A pack that does not come through is no error yet: its missing frames come one by one.
    await retry(net, stream, PACK_TRIES).catch(() => net.signal.throwIfAborted());
  }
  await Promise.all(puts);
  await loadFrames(missing(), stage, from, sink, net);
}

/** Loads frames one by one, a few at once, in the order given. */
async function loadFrames(degrees: number[], stage: Stage, from: Loaded, sink: Sink, net: Net): Promise<void> {
  const left = degrees[Symbol.iterator]();
  const lane = async () => {
    for (const degree of left) await loadFrame(degree, stage, from, sink, net);
  };
  await Promise.all(Array.from({ length: FRAMES_AT_ONCE }, lane));
}

function checked(frame: PackedFrame, stage: Stage): PackedFrame {
  if (!looksLike(stage.format, frame.bytes)) throw new NotAFrame(`degree ${frame.degree} is no ${stage.format}`);
  return frame;
}
