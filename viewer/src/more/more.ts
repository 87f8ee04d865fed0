// What the second file does for one element, its parts put together.

import type { Kit, More } from "../element/kit";
import { part } from "../screen/view";
import { createAutospin } from "./autospin";
import { createCloseUp } from "./close-up";
import { requestSequence } from "./configure";
import { createControls } from "./controls";
import { createFade } from "./fade";
import { createFill } from "./fill";
import { listenGrip } from "./grip";
import { makeHotspots, placeHotspots } from "./hotspots";
import CSS from "./more.css";
import { Pace } from "./pace";
import { paintPlaceholder } from "./placeholder";
import { writeShared } from "./share";

// Browsers limit how often an address may change.
const SHARE_AFTER_MS = 250;

let sheet: CSSStyleSheet | undefined;

/** Draws a canvas upon itself: WebKitGTK shows nothing of one that has come to lie under something else, until it is drawn on. */
function presentAgain(canvas: HTMLCanvasElement): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  context.globalCompositeOperation = "copy";
  context.drawImage(canvas, 0, 0);
  context.globalCompositeOperation = "source-over";
}

export function createMore(kit: Kit): More {
  const { host, screen, loader, full } = kit;
  const { view } = screen;
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  view.root.adoptedStyleSheets = [...view.root.adoptedStyleSheets, sheet];
  const spots = part("div", "spots");
  const slot = part("slot", "hotspots");
  slot.name = "hotspot";
  spots.append(slot);
  view.stage.after(spots);
  presentAgain(view.canvas);

  const closeUp = createCloseUp(kit, () => controls.refresh());
  const autospin = createAutospin(kit, () => controls.refresh());
  const controls = createControls(kit, autospin, closeUp);
  const fill = createFill(kit);
  let placing = 0;
  let sharing = 0;

  const place = () => {
    placing ||= requestAnimationFrame(() => {
      placing = 0;
      placeHotspots(host, screen.angle);
    });
  };

  const share = () => {
    clearTimeout(sharing);
    if (host.hasAttribute("share"))
      sharing = setTimeout(() => writeShared(host, loader.manifest, screen.angle), SHARE_AFTER_MS);
  };

  listenGrip(kit, closeUp, autospin);
  host.addEventListener("anglechange", () => {
    place();
    share();
  });
  // Hotspots of the page's own come and change at any time.
  const changes = { childList: true, subtree: true, attributeFilter: ["data-points", "slot"] };
  new MutationObserver(place).observe(host, changes);
  screen.helper = Object.assign(new Pace(), { fade: createFade(kit) });
  controls.refresh();
  place();

  return {
    zoom: closeUp.zoom,
    drag(way, isTouch) {
      const left = closeUp.pan(way);
      // At the edge of a zoomed piece a finger goes on to scroll the page.
      if (isTouch && view.scale > 1 && !full.isOn) scrollBy(0, -left.y);
      return left.x;
    },
    leaveZoom: closeUp.leave,
    onTouch: autospin.end,
    onComplete(isNear) {
      autospin.start(isNear);
      if (isNear) closeUp.enrich();
      controls.refresh();
      place();
    },
    onFull() {
      fill();
      if (!full.isOn) closeUp.leave();
      closeUp.enrich();
      controls.refresh();
      share();
    },
    refresh() {
      controls.refresh();
      share();
    },
    setHotspots(hotspots) {
      makeHotspots(host, hotspots);
      place();
    },
    placeholder(hash, size) {
      if (screen.displayedDegree === undefined) paintPlaceholder(view.canvas, hash, size);
    },
    requestSequence,
  };
}
