// Loading a stage: packs first, single frames where packs fail.

import type { Stage } from "../rules/stages";
import type { Format, Pack } from "../wire";
import { bareIn, looksLike } from "./formats";
import { fillUrl, type Loaded, threeDigits } from "./manifest";
import { bytesOf, get, type Net, retry, statusOf } from "./net";
import { cutPack, type PackedFrame } from "./pack";
import type { PackCache } from "./pack-cache";

/** Takes the frames that arrive. */
export interface Sink {
  has(set: string, degree: number): boolean;
  put(stage: Stage, frame: PackedFrame): void;
}

/** Where frames come from, and where they are put. */
export interface Transport {
  from: Loaded;
  sink: Sink;
  packs: PackCache;
  net: Net;
}

export interface PackTransport extends Transport {
  /** Packs that are on their way or here, by digest. */
  started: Record<string, Promise<void>>;
  /** What is left of a stage's pack comes within a round trip, as far as can be known: what follows on it is due. It is said more than once. */
  onEnding(stage: Stage): void;
}

const PACK_TRIES = 2;
/** The least round trip that is expected: the head of a pack that the page has preloaded is there at once. */
const ROUND_TRIP_MS = 200;
const FRAMES_AT_ONCE = 4;

/** Loads what is missing of a stage; resolves when all of its frames are in the sink. */
export async function loadStage(stage: Stage, transport: PackTransport): Promise<void> {
  for (const pack of stage.packs) await startPack(pack, stage, transport);
  // A manifest may name frames that are in no pack.
  await loadFrames(stage.degrees, stage, transport);
}

/** Loads one frame by its own URL. */
export async function loadFrame(degree: number, stage: Stage, transport: Transport, tries?: number): Promise<void> {
  const { set } = stage;
  const { sink } = transport;
  if (!sink.has(set, degree)) sink.put(stage, await fetchFrame(degree, set, stage.format, transport, tries));
}

/** One frame of a set, from memory or by its own URL. */
export async function fetchFrame(
  degree: number,
  set: string,
  format: Format,
  { from: { manifest, base }, packs, net }: Omit<Transport, "sink">,
  tries?: number,
): Promise<PackedFrame> {
  const url = fillUrl(manifest.urls.frame, base, { set, degree: threeDigits(degree), format });
  const cached = packs.find(set, degree);
  if (cached) return cached;
  const frame = await retry(
    net,
    async () => checked({ degree, bytes: await bytesOf(await get(net, url)) }, format),
    tries,
  );
  packs.put(url, set, [frame]);
  return frame;
}

/** Loads what is missing of a pack, once. */
export function startPack(pack: Pack, stage: Stage, transport: PackTransport): Promise<void> {
  return (transport.started[pack.pack] ??= loadPack(pack, stage, transport));
}

async function loadPack(pack: Pack, stage: Stage, transport: PackTransport): Promise<void> {
  const { from, sink, packs, net, onEnding } = transport;
  const missing = () => pack.degrees.filter((degree) => !sink.has(stage.set, degree));
  if (!missing().length) return;
  const take = (frame: PackedFrame) => sink.put(stage, frame);
  // Another spin of the page may be loading it: what comes of that is enough.
  const others = packs.coming.get(pack.pack);
  if (others) await others.catch(() => {});
  const cached = packs.get(pack.pack);
  if (cached) {
    cached.forEach(take);
  } else {
    const stream = async () => {
      const bare = bareIn(stage);
      // Where there is none, the frames are whole ones.
      const sent = bare?.packs?.[stage.packs.indexOf(pack)];
      const askedAt = performance.now();
      const { chunks } = await get(net, fillUrl(from.manifest.urls.pack, from.base, { pack: sent ?? pack.pack }));
      const roundTrip = Math.max(performance.now() - askedAt, ROUND_TRIP_MS);
      const frames: PackedFrame[] = [];
      for await (const frame of cutPack(chunks, pack, sent ? bare : {})) {
        const count = frames.push(checked(frame, stage.format));
        take(frame);
        // The first frames come with the head, so that the time of the head counts: on a slow line what follows takes nothing away.
        const left = (performance.now() - askedAt) * (pack.degrees.length / count - 1);
        if (left && left < roundTrip) onEnding(stage);
      }
      packs.put(pack.pack, stage.set, frames);
    };
    // A pack that fails is not an error yet: its missing frames are loaded one by one.
    const own = retry(net, stream, PACK_TRIES).finally(() => packs.coming.delete(pack.pack));
    packs.coming.set(pack.pack, own);
    await own.catch((error) => {
      net.signal.throwIfAborted();
      // Its version was deleted, and its frames too.
      if (statusOf(error) === 410) throw error;
    });
  }
  await loadFrames(missing(), stage, transport);
}

/** Loads frames one by one, a few at once, in the order given. */
export async function loadFrames(degrees: number[], stage: Stage, transport: Transport): Promise<void> {
  const left = degrees[Symbol.iterator]();
  const lane = async () => {
    for (const degree of left) await loadFrame(degree, stage, transport);
  };
  await Promise.all(Array.from({ length: FRAMES_AT_ONCE }, lane));
}

/** Rejects bytes that are no frame of the format: a proxy's page, or damage. */
function checked(frame: PackedFrame, format: Format): PackedFrame {
  if (!looksLike(format, frame.bytes)) throw TypeError(`${frame.degree}`);
  return frame;
}
