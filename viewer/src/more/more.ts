// What the second file does for one element, its parts put together.

import type { Kit, More } from "../element/kit";
import { part } from "../screen/view";
import { createAutospin } from "./autospin";
import { createCloseUp } from "./close-up";
import { createCoast } from "./coast";
import { requestSequence } from "./configure";
import { createControls } from "./controls";
import { createFill } from "./fill";
import { createFollow } from "./follow";
import { createFresh } from "./fresh";
import { listenGrip } from "./grip";
import { createHelper } from "./helper";
import { makeHotspots, placeHotspots } from "./hotspots";
import { createLanguage } from "./language";
import { createLooks } from "./looks";
import { createLoupe } from "./loupe";
import CSS from "./more.css";
import { takePageVitals, watchPageVitals } from "./page-vitals";
import { createRest } from "./rest";
import { writeShared } from "./share";
import { createWarming } from "./warm";

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
  const { sheets } = view;
  sheets.push(sheet);
  const spots = part("div", "spots");
  const crop = part("div", "crop");
  const slot = part("slot", "hotspots");
  slot.name = "hotspot";
  crop.append(slot);
  spots.append(crop);
  view.stage.after(spots);
  presentAgain(view.canvas);

  const loupe = createLoupe(kit, () => closeUp.widthPx());
  const closeUp = createCloseUp(kit, () => {
    controls.refresh();
    loupe.begin();
  });
  const autospin = createAutospin(kit, () => controls.refresh());
  const coast = createCoast(kit);
  const controls = createControls(kit, autospin, closeUp);
  const fill = createFill(kit);
  const warming = createWarming(kit);
  const fresh = createFresh(kit);
  const speak = createLanguage(kit, () => {
    screen.describe();
    view.close.ariaLabel = view.close.title = view.words.close;
    view.say();
    controls.refresh();
  });
  const looks = createLooks(kit);
  const rest = createRest(kit);
  kit.vitals.extra = () => {
    const format = loader.manifest?.selected?.format;
    const [seen, rested, loupes] = [looks.take(), rest.take(), loupe.take()];
    return {
      ...(format && { format }),
      ...(seen.length && { looks: seen }),
      ...(rested && { rested }),
      ...(loupes && { loupes }),
      ...takePageVitals(),
    };
  };
  let page = document;
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
      sharing = setTimeout(() => {
        // What fills the page is an entry of the history: the one before would bring its old angle back.
        if (!full.isPage) writeShared(host, loader.manifest, screen.angle);
      }, SHARE_AFTER_MS);
  };

  const onTouch = () => {
    autospin.end();
    coast.end();
    looks.begin();
  };

  const leaveScrolling = listenGrip(kit, closeUp, autospin);
  host.addEventListener("anglechange", () => {
    place();
    share();
    rest.begin();
    loupe.begin();
  });
  // A frame of hd that has come is painted over what stands there.
  host.addEventListener("tierchange", loupe.begin);
  // Hotspots of the page's own come and change at any time.
  const changes = { childList: true, subtree: true, attributeFilter: ["data-points", "slot"] };
  new MutationObserver(place).observe(host, changes);
  screen.helper = createHelper(kit);
  controls.refresh();
  place();
  const follow = createFollow(kit, speak, () => {
    autospin.onMotion();
    controls.refresh();
  });

  const more: More = {
    zoom: closeUp.zoom,
    drag(way, gone, { pointerType, timeStamp }) {
      const left = closeUp.pan(way);
      // At the edge of a zoomed piece a finger goes on to scroll the page.
      if (pointerType === "touch" && left.y && view.scale > 1 && !full.isOn) scrollBy(0, (-gone.y * left.y) / way.y);
      // The width of the piece is one turn.
      coast.note((360 * left.x) / view.width(), timeStamp);
      return left.x;
    },
    onTouch,
    onComplete(isNear) {
      autospin.start(isNear);
      if (isNear) {
        closeUp.enrich();
        rest.begin();
        void fresh();
        loupe.begin();
      } else {
        rest.end();
        loupe.end();
        warming.stop();
        coast.end();
      }
      leaveScrolling();
      controls.refresh();
      place();
    },
    onFull() {
      fill();
      if (!full.isOn) closeUp.leave();
      closeUp.enrich();
      loupe.begin();
      controls.refresh();
      share();
    },
    refresh() {
      if (host.getAttribute("vitals") === "page") watchPageVitals();
      speak();
      controls.refresh();
      share();
    },
    adopt() {
      if (host.getAttribute("vitals") === "page") watchPageVitals();
      follow();
      if (host.ownerDocument !== page) {
        page = host.ownerDocument;
        // A sheet belongs to the document that it was made in.
        const { CSSStyleSheet } = page.defaultView ?? window;
        for (const [index, sheet] of sheets.entries()) {
          sheets[index] = new CSSStyleSheet();
          sheets[index].replaceSync([...sheet.cssRules].map(({ cssText }) => cssText).join(""));
        }
        // This page's observer sees nothing of another window: there it is always near.
        if (page !== document) for (const part of [screen, loader]) part.setNear(true);
      }
      view.root.adoptedStyleSheets = sheets;
    },
    setHotspots(hotspots) {
      makeHotspots(host, hotspots);
      place();
    },
    async warm(choices) {
      // A manifest that stood in the page does not know its siblings.
      await fresh();
      await warming.warm(choices);
    },
    requestSequence,
  };
  more.adopt();
  return more;
}
