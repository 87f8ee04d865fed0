// A manifest and a network for the unit tests: no server, no clock, no images.

import type { Loaded } from "./loader/manifest";
import type { Net } from "./loader/net";
import type { Format, Manifest, Pack, Rendition, Tier } from "./wire";

const even = (count: number): number[] => Array.from({ length: count }, (_, index) => (360 / count) * index);

/** Bytes that look like a frame: enough of a header, then the degree. */
export function frameBytes(format: Format, degree: number): number[] {
  const head = format === "webp" ? "RIFF0000WEBP" : "0000ftypavif";
  return [...[...head].map((letter) => letter.charCodeAt(0)), degree >> 8, degree & 255];
}

const HEAD = frameBytes("avif", 0).slice(0, 12);
const HOLES = [3];

/** Bytes in hexadecimal digits. */
export function hexOf(bytes: number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A frame without its head. */
export function bareBytes(degree: number): number[] {
  const whole = frameBytes("avif", degree);
  return [...HOLES.map((hole) => whole[hole]!), ...whole.slice(HEAD.length)];
}

/** The manifest with a bare pack, named `bare-{pack}`, beside each pack of AVIF. */
export function bareManifestOf(): Manifest {
  const manifest = manifestOf();
  for (const { formats } of Object.values(manifest.tiers)) {
    const { packs } = formats.avif!;
    const head = hexOf(HEAD.map((byte, at) => (HOLES.includes(at) ? 0 : byte)));
    formats.avif!.bare = { head, holes: HOLES, bytes: 0, packs: packs.map(({ pack }) => `bare-${pack}`) };
  }
  return manifest;
}

function packOf(name: string, degrees: number[]): Pack {
  return { pack: name, degrees, lengths: degrees.map(() => 14) };
}

function tierOf(degrees: number[], make: (format: Format) => Omit<Rendition, "size" | "bytes">): Tier {
  const size: [number, number] = [64, 64];
  const formats = {
    avif: { size, bytes: 14 * degrees.length, ...make("avif") },
    webp: { size, bytes: 14 * degrees.length, ...make("webp") },
  };
  return { frames: degrees.length, degrees, budget: 1000, formats };
}

/** Packs are named `{tier}-{format}`, sets `{set}-{format}`. */
export function manifestOf(): Manifest {
  const preview = even(12);
  const rest = (degrees: number[]) => degrees.filter((degree) => !preview.includes(degree));
  const shared = (name: string, degrees: number[]) =>
    tierOf(degrees, (format) => ({
      set: `main-${format}`,
      packs: [packOf(`preview-${format}`, preview), packOf(`${name}-${format}`, rest(degrees))].filter(
        (pack) => pack.degrees.length,
      ),
    }));
  const own = (name: string, degrees: number[]) =>
    tierOf(degrees, (format) => ({ set: `${name}-${format}`, packs: [packOf(`${name}-${format}`, degrees)] }));
  return {
    schema: "girasol.manifest/1",
    configuration: "ring.solitaire.metal-yellow-gold",
    version: 1,
    turn: { frames: 360 },
    view: { source: [1000, 1000], crop: [100, 100, 800, 800] },
    ground: "#ffffff",
    hero: 0,
    urls: {
      frame: "/s/{set}/{degree}.{format}",
      pack: "/p/{pack}.pack",
      still: "/still/{configuration}.{format}",
      manifest: "/m/{digest}.json",
    },
    tiers: {
      still: own("still", [0]),
      preview: shared("preview", preview),
      standard: shared("standard", even(36)),
      "standard-24": shared("standard24", even(24)),
      hd: own("hd", even(60)),
    },
    selected: { tier: "standard", frames: 36, format: "avif", because: ["network: 4g or unknown"] },
  };
}

export const BASE = "https://cdn.example/api/sequence";

export function loadedOf(manifest = manifestOf()): Loaded {
  return { manifest, base: BASE };
}

type Answer = Response | Error | undefined;

export interface FakeNet extends Net {
  /** Paths and queries that were requested, in order. */
  requested: string[];
  /** Pauses made, in milliseconds. */
  pauses: number[];
  abort: AbortController;
}

/** Serves packs and frames of `manifest`, except where `answer` returns something else. */
export function fakeNet(
  answer: (path: string, time: number) => Answer = () => undefined,
  manifest = manifestOf(),
): FakeNet {
  const abort = new AbortController();
  const times = new Map<string, number>();
  const net: FakeNet = {
    abort,
    signal: abort.signal,
    requested: [],
    pauses: [],
    sleep: async (ms) => void net.pauses.push(ms),
    fetch: async (url) => {
      const path = url.replace(/^https:\/\/cdn\.example/, "");
      net.requested.push(path);
      times.set(path, (times.get(path) ?? 0) + 1);
      const given = answer(path, times.get(path) ?? 1);
      if (given instanceof Error) throw given;
      return given ?? serve(path, manifest);
    },
  };
  return net;
}

function serve(path: string, manifest: Manifest): Response {
  const [, pack] = /^\/p\/(.+)\.pack$/.exec(path) ?? [];
  for (const tier of Object.values(manifest.tiers)) {
    for (const [format, rendition] of Object.entries(tier.formats) as [Format, Rendition][]) {
      const found = rendition.packs.find((candidate) => candidate.pack === pack);
      if (found) return new Response(Uint8Array.from(found.degrees.flatMap((degree) => frameBytes(format, degree))));
      const bare = rendition.packs[rendition.bare?.packs.indexOf(pack!) ?? -1];
      if (bare) return new Response(Uint8Array.from(bare.degrees.flatMap(bareBytes)));
    }
  }
  const [, degree, format] = /^\/s\/.+\/(\d{3})\.(avif|webp)$/.exec(path) ?? [];
  if (degree) return new Response(Uint8Array.from(frameBytes(format as Format, Number(degree))));
  if (path.startsWith("/api/")) return Response.json(manifest);
  return new Response(null, { status: 404 });
}
