// The loader: from an element's attributes to a manifest, and from the manifest to frames on the screen.
//
// A switch: an attribute that has the name of an option makes a choice. The address of its sequence is the present one with
// that choice in its id; where the id leaves the option out, the manifest's siblings or `configure` give the id. A sibling
// names its standard set, so that the frame at this angle and the manifest are requested side by side, in the class that is
// on the screen already. Loads on their way are cancelled. The new spin shows once the frame nearest to the angle at that
// moment is decoded; then its neighbours load, then the packs. Encoded frames stay in memory for the page, so that going back
// needs the manifest alone. The measured speed of the preview's pack may end a load after it.

import { emit, type SpinState, setState, type TierDetail } from "../events";
import { configurationOf, withChoices } from "../rules/address";
import { isForced } from "../rules/forced";
import { atMost } from "../rules/policy";
import { framesOf, planStages, type Stage, selectedOr } from "../rules/stages";
import { nearestDegree } from "../rules/turn";
import type { EncodedFrame } from "../screen/reel";
import type { Screen } from "../screen/screen";
import type { Vitals } from "../vitals";
import type { Choices, Manifest, Selected, Sibling } from "../wire";
import { chosenBy, forcedBy, hintsOf, srcOf } from "./attributes";
import { bestFormat, giveUp } from "./formats";
import { gridOf, loadSpin, type SpinLoad } from "./load-spin";
import { fetchFrame } from "./load-stage";
import { inlineManifest, type Loaded, loadManifest } from "./manifest";
import { type HttpError, isRefusal, type Net, netOf, statusOf } from "./net";
import { createPackCache } from "./pack-cache";
import { measuredSpeed } from "./speed";

export interface Loader {
  /** What was negotiated last. */
  readonly manifest: Manifest | undefined;
  /** Loads soon: attributes that are set together make one load. */
  queue(): void;
  /** Loads now, past caches. Frames that are loaded already stay and are used again. */
  reload(): Promise<void>;
  /** Near the viewport it loads; far from it, it stops. */
  setNear(isNear: boolean): void;
  /** Ends all loads. */
  stop(): void;
  /** Loads the frame at this angle of the spin at an address, where a sibling names its set. */
  prefetch(address: string, net: Net): Promise<void>;
  /** Loads the manifest at an address, in the tier of the spin that is shown where that has a sibling there. */
  request(address: string, net: Net, mode?: RequestCache): Promise<Loaded>;
  /** Loads one more stage of what is shown; that stays, whether or not more arrives. */
  add(stage: Stage): Promise<void>;
  /** A frame cannot be decoded. */
  onBroken(error: unknown, frame: EncodedFrame): void;
}

let packs = createPackCache();

export interface LoaderHooks {
  /** All stages have arrived. */
  onComplete(): void;
  /** Asks the server for the address of a product's spin with some choices; rejects with 404 where there is none. */
  requestSequence(src: string, chosen: Choices, net: Net): Promise<string>;
}

export function createLoader(
  host: HTMLElement,
  screen: Screen,
  vitals: Vitals,
  { onComplete, requestSequence }: LoaderHooks,
): Loader {
  const { frames, view } = screen;
  let loaded: Loaded | undefined;
  // What the server selected, before the browser took less.
  let given: Selected | undefined;
  // The stage on whose degrees a switch finds its first frame.
  let grid: Stage | undefined;
  let current = new AbortController();
  let isNear = false;
  let cache: RequestCache | undefined;
  let isQueued = false;
  let askedAt = 0;

  const queue = () => {
    // What is on its way is stale from now on, not only from the next load on.
    abandon();
    askedAt = performance.now();
    if (isQueued) return;
    isQueued = true;
    queueMicrotask(() => {
      isQueued = false;
      void load();
    });
  };

  const abandon = () => {
    current.abort();
    screen.abandon();
  };

  const reload = () => {
    cache = "no-cache";
    return load();
  };

  const load = async (): Promise<void> => {
    abandon();
    if (!host.getAttribute("src") || !isNear) return;
    const src = srcOf(host);
    const mode = cache;
    cache = undefined;
    current = new AbortController();
    const { signal } = current;
    const net = netOf(signal);
    view.say("");
    setState(host, "placeholder");
    let address: string | undefined;
    let next: Loaded | undefined;
    try {
      const chosen = chosenBy(host, loaded?.manifest);
      address = withChoices(src, chosen, loaded?.manifest) ?? (await requestSequence(src, chosen, net));
      // The frame and the manifest that places it, side by side.
      const early = prefetch(address, net).catch(() => {});
      // What stands in the page is for its first load, and in AVIF.
      const isAvif = (forcedBy(host).format || bestFormat()) === "avif";
      next = await inlineManifest(host, loaded || mode || !isAvif ? "" : address)
        .catch(() => request(address!, net, mode))
        .catch(async (error) => {
          if (statusOf(error) !== 404 || address === src) throw error;
          return request(await requestSequence(src, chosen, net), net, mode);
        });
      await early;
      signal.throwIfAborted();
      const { manifest } = next;
      given = selectedOr(manifest, forcedBy(host), bestFormat());
      manifest.selected = pageForces() ? given : atMost(given, manifest, hintsOf(host));
      await follow(next, manifest.selected, net);
    } catch (error) {
      if (signal.aborted) return;
      if (isRefusal(statusOf(error))) {
        // The manifest came from a cache and names what is gone: once more, past caches.
        if (next && !mode) return reload();
        // What is shown has been taken down or protected meanwhile. The spin before a switch stays.
        if (!next && configurationOf(address ?? "") === loaded?.manifest.configuration) {
          loaded = undefined;
          screen.clear();
        }
      }
      fail(error);
    }
  };

  /** Loads what a manifest selects, stage by stage. */
  const follow = async (from: Loaded, selected: Selected, net: Net) => {
    const { manifest } = from;
    const stages = planStages(manifest, selected);
    const [first, finest] = [stages[0], gridOf(stages)];
    if (!first || !finest) throw RangeError("no frames");
    const isSwitch = !!screen.configuration && screen.configuration !== manifest.configuration;
    const start = isSwitch ? finest : first;
    loaded = from;
    grid = finest;
    screen.expect({ manifest, stages, grid: start, switchedAt: isSwitch ? askedAt : 0 });
    emit(host, "manifest", manifest);
    const running = run({ from, stages, grid: start, isSwitch, net });
    for (const stage of stages) reportProgress(stage);
    await running;
  };

  /** Loads stages; in the end only the last is shown. */
  const run = async (load: Pick<SpinLoad, "from" | "stages" | "grid" | "isSwitch" | "net">) => {
    const { stages, net, from } = load;
    let last = stages[0]!;
    await loadSpin({
      ...load,
      isCertain: pageForces(),
      packs,
      angle: () => screen.angle,
      sink: {
        has: (set, degree) => frames.has(set, degree),
        put: (stage, { degree, bytes }) => {
          if (net.signal.aborted) return;
          const { set, format, size } = stage;
          vitals.add("bytes", bytes.length);
          frames.put({ set, degree, format, bytes, weight: 4 * size[0] * size[1] });
          reportProgress(stage);
        },
      },
      onStage: async (stage) => {
        await screen.frames.settled(stage);
        net.signal.throwIfAborted();
        screen.reveal();
        const { tier, frames, format } = stage;
        const detail: TierDetail = { tier, frames, format };
        setState(host, tier as SpinState);
        if (stage === stages[0] && tier !== "hd") emit(host, "ready", detail);
        emit(host, "tierchange", detail);
        vitals.mark("spin_ms");
        last = stage;
        if (tier !== "preview" || !isSlow(from.manifest)) return true;
        // The next pack may be on its way.
        current.abort();
        current = new AbortController();
        return false;
      },
    });
    screen.complete(last);
    vitals.mark("full_ms");
    onComplete();
  };

  const reportProgress = (stage: Stage) => {
    const { tier, set } = stage;
    const arrived = [...framesOf([stage]).get(set)!].filter((degree) => frames.has(set, degree));
    emit(host, "progress", { tier, frames: arrived });
  };

  const pageForces = () => isForced(srcOf(host), forcedBy(host));

  /** Whether the preview arrived so slowly that it is the last stage. The next spin's preview is measured anew. */
  const isSlow = (manifest: Manifest) => {
    const downlinkMbps = measuredSpeed();
    const { selected } = manifest;
    if (!selected || !downlinkMbps || pageForces()) return false;
    const less = atMost(selected, manifest, { ...hintsOf(host), downlinkMbps });
    manifest.selected = less;
    return /preview|still/.test(less.tier);
  };

  /** Requests a manifest in the tier of the spin that is shown: a switch to a sibling is no reason to select anew. */
  const request = (address: string, net: Net, mode?: RequestCache): Promise<Loaded> => {
    const forced = forcedBy(host);
    const same = given && siblingAt(address) && !forced.tier && !forced.frames;
    const wish = same ? { ...forced, tier: given!.tier, frames: `${given!.frames}` } : forced;
    return loadManifest(address, forced, bestFormat(), net, mode, wish);
  };

  const siblingAt = (address: string): Sibling | undefined => {
    const configuration = configurationOf(address);
    return loaded?.manifest.siblings?.find((sibling) => sibling.configuration === configuration);
  };

  /** Loads the frame at this angle of a spin whose set is known from its sibling. */
  const prefetch = async (address: string, net: Net) => {
    if (!grid || !loaded) return;
    const { degrees, format } = grid;
    const set = siblingAt(address)?.sets[format];
    if (set) await fetchFrame(nearestDegree(degrees, screen.angle)!, set, format, { from: loaded, packs, net }, 1);
  };

  const fail = (error: unknown) => {
    const { status, nearest } = error as Partial<HttpError>;
    setState(host, "error");
    vitals.add("errors");
    view.say(isRefusal(status) ? "none" : "failed");
    emit(host, "error", { message: `${error}`, status, nearest });
  };

  return {
    get manifest() {
      return loaded?.manifest;
    },
    queue,
    add: (stage) =>
      run({ from: loaded!, stages: [stage], grid: stage, isSwitch: false, net: netOf(current.signal) }).catch(() => {}),
    reload,
    setNear(near) {
      isNear = near;
      if (screen.isComplete) return;
      if (near) queue();
      else current.abort();
    },
    stop: () => current.abort(),
    prefetch,
    request,
    onBroken(error, { format }) {
      if (format === "avif") {
        giveUp(grid);
        packs = createPackCache();
        frames.retain(new Map());
        queue();
      } else if (!screen.configuration) fail(error);
    },
  };
}
