// The streams: figures every five seconds, and what becomes of alerts. Where they break, they are opened again.
//
// A page that is not looked at closes them: browsers open six connections to a server at most, whichever page they are for.

import type { LiveFigures } from "../api";
import { Problem } from "../studio/api";
import { waitMs } from "./again";
import { ALERT_EVENTS, checkSession, LIVE } from "./api";

/** A stream of figures that is silent for longer is lost. */
const SILENT_MS = 15_000;

export type Link = "live" | "lost";

interface Listener {
  onFigures(figures: LiveFigures): void;
  /** An alert fires, escalates or ends. */
  onAlert(): void;
  /** The link is there after it was not, at first too: what was missed has to be asked for. */
  onBack(): void;
  onLink(link: Link): void;
}

export interface Live {
  /** Tries at once. */
  retry(): void;
}

export function follow(listener: Listener, signal: AbortSignal): Live {
  let streams: EventSource[] = [];
  let timer = 0;
  let watchdog = 0;
  let failures = 0;
  let isLive = false;

  const close = () => {
    for (const stream of streams) stream.close();
    streams = [];
    clearTimeout(timer);
    clearTimeout(watchdog);
  };
  const heard = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(lose, SILENT_MS);
  };
  const lose = () => {
    close();
    if (signal.aborted || document.hidden) return;
    isLive = false;
    timer = setTimeout(open, waitMs(failures++));
    listener.onLink("lost");
    // A stream does not say why it ended. A session that has ended leads to the sign-in by itself.
    checkSession().catch((error) => {
      if (!(error instanceof Problem)) throw error;
    });
  };
  const open = () => {
    close();
    const figures = new EventSource(LIVE);
    figures.addEventListener("figures", (event) => {
      heard();
      failures = 0;
      if (!isLive) {
        isLive = true;
        listener.onLink("live");
        listener.onBack();
      }
      listener.onFigures(JSON.parse(event.data));
    });
    const news = new EventSource(ALERT_EVENTS);
    for (const kind of ["firing", "escalated", "resolved"]) news.addEventListener(kind, () => listener.onAlert());
    streams = [figures, news];
    for (const stream of streams) stream.addEventListener("error", lose);
    heard();
  };
  const look = () => {
    if (document.hidden) close();
    else {
      isLive = false;
      open();
    }
  };

  document.addEventListener("visibilitychange", look, { signal });
  addEventListener("online", open, { signal });
  signal.addEventListener("abort", close);
  open();
  return { retry: open };
}
