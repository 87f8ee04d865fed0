// One spin: the parts of an element, put together.

import { srcOf } from "../loader/attributes";
import { createLoader, type Loader } from "../loader/loader";
import { loadMore } from "../more";
import { isMotionReduced } from "../motion";
import { configurationOf, optionsOf } from "../rules/address";
import { createScreen, type Screen } from "../screen/screen";
import { createVitals } from "../vitals";
import { words } from "../words";
import { createFull, type Full } from "./full";
import { listenGestures } from "./hand";
import type { More } from "./kit";
import { unwatchNearness, watchNearness } from "./nearness";
import { readShared } from "./share";

/** What the second file is needed for at once. */
const NEEDS_MORE = "[autospin],[controls],[share]";

export interface Spin {
  readonly screen: Screen;
  readonly loader: Loader;
  readonly full: Full;
  /** Hands the second file over: at once if it is there, else as soon as it has come. Resolves once it was used, or failed to come. */
  use(then: (more: More) => unknown): Promise<void>;
  /** Turns the piece to an angle, and ends all turning by itself. */
  turnTo(angle: number): void;
  /** Attributes or words have changed that are not about what is loaded. */
  refresh(): void;
  /** The element has come into a page. */
  connect(): void;
  disconnect(): void;
}

export function createSpin(host: HTMLElement): Spin {
  const vitals = createVitals();
  const screen = createScreen(host, vitals, {
    onRetry: () => void loader.reload(),
    onBroken: (error, frame) => loader.onBroken(error, frame),
  });
  const loader = createLoader(host, screen, vitals, {
    onComplete: () => use((more) => more.onComplete(isNear)),
    requestSequence: async (...request) => (await load()).requestSequence(...request),
  });
  const full = createFull(host, screen.view, () => use((more) => more.onFull()));
  let more: More | undefined;
  let loading: Promise<More> | undefined;
  let isNear = false;
  let isTouched = false;

  const load = () => {
    loading ??= loadMore({ host, screen, loader, full, fingers, vitals, words, turnTo, isMotionReduced }).then(
      (loaded) => {
        more = loaded;
        if (isTouched) more.onTouch();
        return more;
      },
      (error) => {
        // The next need asks again.
        loading = undefined;
        throw error;
      },
    );
    return loading;
  };

  const use: Spin["use"] = async (then) => {
    // Without it the piece still turns.
    await (more ? then(more) : load().then(then, () => {}));
  };

  const onTouch = () => {
    isTouched = true;
    use((more) => more.onTouch());
  };

  const fingers = listenGestures(
    screen,
    full,
    use,
    () => more,
    () => loader.manifest?.hero ?? 0,
    onTouch,
  );

  // Options have names of their own in each product, which no list of observed attributes can hold.
  const choices = new MutationObserver((changes) => {
    const options = optionsOf(srcOf(host), loader.manifest);
    const isChoice = ({ attributeName: name, oldValue }: MutationRecord) =>
      options.includes(name!) && host.getAttribute(name!) !== oldValue;
    if (!changes.some(isChoice)) return;
    loader.queue();
    more?.refresh();
  });

  /** Near the viewport it loads; far from it, it stops, and holds nothing decoded. */
  const setNear = (near: boolean) => {
    if (isNear && !near) endView();
    isNear = near;
    vitals.begin();
    screen.setNear(near);
    loader.setNear(near);
    more?.onComplete(near);
    if (near && (host.matches(NEEDS_MORE) || host.querySelector("[slot=hotspot]"))) use(() => {});
  };

  /** The studio shows versions, which have no address of a sequence: these are no views of visitors. */
  const endView = () => {
    const { configuration, selected } = loader.manifest ?? {};
    const src = srcOf(host);
    const isVisitors = configurationOf(src) && host.getAttribute("vitals") !== "off";
    vitals.end(!!isVisitors && src, configuration, selected?.tier);
  };

  const turnTo = (angle: number) => {
    isTouched = true;
    more?.onTouch();
    if (Number.isFinite(angle)) screen.turn(angle);
  };

  // It has the visitor's language.
  host.addEventListener("error", () => use(() => {}));

  return {
    screen,
    loader,
    full,
    use,
    turnTo,
    refresh() {
      screen.describe();
      if (more || host.matches(NEEDS_MORE)) use((more) => more.refresh());
    },
    connect() {
      const angle = host.hasAttribute("share") && readShared(host);
      if (angle) turnTo(+angle);
      choices.observe(host, { attributes: true, attributeOldValue: true });
      more?.adopt();
      watchNearness(host, setNear);
    },
    disconnect() {
      unwatchNearness(host);
      choices.disconnect();
      full.leave();
      setNear(false);
      loader.stop();
      // Where they are lifted is not heard any more.
      fingers.clear();
      screen.close();
    },
  };
}
