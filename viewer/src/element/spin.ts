// One spin: the parts of an element, put together.

import { srcOf } from "../loader/attributes";
import { createLoader, type Loader } from "../loader/loader";
import { configurationOf, optionsOf } from "../rules/address";
import { createScreen, type Screen } from "../screen/screen";
import { createVitals } from "../vitals";
import { createAutospin } from "./autospin";
import { type CloseUp, createCloseUp } from "./close-up";
import { listenGestures } from "./gestures";
import { unwatchNearness, watchNearness } from "./nearness";
import { readShared, writeShared } from "./share";

// Browsers limit how often an address may change.
const SHARE_AFTER_MS = 250;

export interface Spin {
  readonly screen: Screen;
  readonly loader: Loader;
  readonly closeUp: CloseUp;
  /** Turns the piece to an angle, and ends all turning by itself. */
  turnTo(angle: number): void;
  /** The element has come into a page. */
  connect(): void;
  disconnect(): void;
}

export function createSpin(host: HTMLElement): Spin {
  const vitals = createVitals();
  const screen = createScreen(
    host,
    vitals,
    () => void loader.reload(),
    (error, frame) => loader.onBroken(error, frame),
  );
  const loader = createLoader(host, screen, vitals, () => {
    autospin.start(true);
    enrich();
  });
  const autospin = createAutospin(host, screen);
  const enrich = () => void loader.enrich(closeUp.widthPx());
  const closeUp = createCloseUp(host, screen.view, enrich);
  const hand = listenGestures(screen, closeUp, () => loader.manifest?.hero ?? 0, autospin.end);
  let isNear = false;
  let sharing = 0;

  const share = () => {
    clearTimeout(sharing);
    if (host.hasAttribute("share"))
      sharing = setTimeout(() => writeShared(host, loader.manifest, screen.angle), SHARE_AFTER_MS);
  };
  host.addEventListener("anglechange", share);

  // Options have names of their own in each product, which no list of observed attributes can hold.
  const choices = new MutationObserver((changes) => {
    const options = optionsOf(srcOf(host), loader.manifest);
    const isChoice = ({ attributeName: name, oldValue }: MutationRecord) =>
      options.includes(name!) && host.getAttribute(name!) !== oldValue;
    if (!changes.some(isChoice)) return;
    loader.queue();
    share();
  });

  /** Near the viewport it loads; far from it, it stops, and holds nothing decoded. */
  const setNear = (near: boolean) => {
    if (isNear && !near) endView();
    isNear = near;
    vitals.begin();
    screen.setNear(near);
    loader.setNear(near);
    autospin.start(near);
  };

  /** The studio shows versions, which have no address of a sequence: these are no views of visitors. */
  const endView = () => {
    const { configuration, selected } = loader.manifest ?? {};
    const src = srcOf(host);
    const isVisitors = configurationOf(src) && host.getAttribute("vitals") !== "off";
    vitals.end(!!isVisitors && src, configuration, selected?.tier);
  };

  const turnTo = (angle: number) => {
    hand.stop();
    autospin.end();
    if (Number.isFinite(angle)) screen.turn(angle);
  };

  return {
    screen,
    loader,
    closeUp,
    turnTo,
    connect() {
      const angle = host.hasAttribute("share") && readShared(host);
      if (angle) turnTo(+angle);
      choices.observe(host, { attributes: true, attributeOldValue: true });
      watchNearness(host, setNear);
    },
    disconnect() {
      unwatchNearness(host);
      choices.disconnect();
      setNear(false);
      loader.stop();
      hand.stop();
      screen.close();
    },
  };
}
