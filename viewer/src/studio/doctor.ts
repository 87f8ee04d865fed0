// The doctor's findings about a set, with pictures and remedies, as they arrive.

import type { Check, Finding } from "../api";
import { count, make } from "../page";
import { announce } from "./announce";
import { sets, wordsOf } from "./api";
import { visibleFindings } from "./findings";
import { badge, button, openDialog, panel, pause } from "./widgets";
import { listOf } from "./words";

const POLL_MS = 500;
const DEBOUNCE_MS = 1_000;
/** While frames keep arriving, the check still runs this often. */
const AT_LATEST_MS = 10_000;

export interface Doctor {
  element: HTMLElement;
  /** Frames were added or removed. */
  changed(): void;
  /** Frames are still arriving: findings about the whole turn wait. */
  arriving(isArriving: boolean): void;
  /** Messages of the last findings that a person has to say are meant, and the revision that they are of. */
  asked(): { messages: string[]; revision: string | undefined };
  /** Whether frames are to be checked that are not: a check is under way, due, or has failed. */
  isChecking(): boolean;
  /** Waits until the frames are checked, or cannot be. */
  settled(): Promise<void>;
}

interface Options {
  /** Carries out a mend of what the check of a revision found; left out where the set is committed. */
  onMend?: (mend: string, revision: string) => Promise<void>;
  /** Gives frames each other's names: the first one the last one's, and so on. */
  onReverse?: (frames: string[]) => Promise<void>;
  /** Whether most frames are transparent. */
  onTransparent?: (isTransparent: boolean) => void;
}

export function doctor(set: string, options: Options, signal: AbortSignal): Doctor {
  const status = make("p", { class: "quiet", id: "doctor-status" });
  const bar = make("progress", { "aria-labelledby": "doctor-title", hidden: true });
  const list = make("ul", { class: "findings", id: "findings" });
  const element = panel("The doctor", { id: "doctor" }, status, bar, list);

  let check: Check | undefined;
  let isArriving = false;
  let round = 0;
  let timer = 0;
  let waitingSince = 0;
  let announced = "";
  const rows = new Map<string, HTMLLIElement>();
  const waiting: (() => void)[] = [];
  const settle = () => {
    for (const go of waiting.splice(0)) go();
  };

  const ask = async () => {
    clearTimeout(timer);
    timer = waitingSince = 0;
    const own = ++round;
    try {
      for (;;) {
        const answer = await sets.check(set);
        if (own !== round || signal.aborted) return;
        check = answer;
        draw();
        if (answer.state !== "running") return settle();
        await pause(POLL_MS, signal);
        if (own !== round || signal.aborted) return;
      }
    } catch (error) {
      if (own !== round || signal.aborted) return;
      check = undefined;
      bar.hidden = true;
      status.textContent = `The frames could not be checked. ${wordsOf(error)}`;
      // The server may be restarting.
      timer = window.setTimeout(() => void ask(), AT_LATEST_MS);
      settle();
    }
  };

  const draw = () => {
    if (!check) return;
    const { state, done, total } = check;
    const findings = visibleFindings(check.findings, isArriving);
    const running = state === "running";
    bar.hidden = !running;
    if (total) Object.assign(bar, { max: total, value: done });
    else bar.removeAttribute("value");
    element.dataset.state = state;
    element.setAttribute("aria-busy", String(running));
    const words = summaryOf(check, findings, isArriving);
    if (status.textContent !== words) status.textContent = words;
    if (!running && words !== announced) announce((announced = words));
    drawFindings(findings, check.revision);
    if (state === "done") options.onTransparent?.(check.transparent);
  };

  const drawFindings = (findings: Finding[], revision: string) => {
    const onMend = options.onMend && ((mend: string) => options.onMend!(mend, revision));
    const listed = new Set<string>();
    findings.forEach((finding, index) => {
      const key = JSON.stringify([finding, onMend && revision]);
      listed.add(key);
      let row = rows.get(key);
      if (!row) rows.set(key, (row = findingRow(finding, { ...options, onMend }, signal)));
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
    });
    for (const [key, row] of rows) {
      if (listed.has(key)) continue;
      row.remove();
      rows.delete(key);
    }
  };

  const isChecking = () => timer !== 0 || !check || check.state === "running";

  const changed = () => {
    const now = performance.now();
    waitingSince ||= now;
    clearTimeout(timer);
    const wait = isArriving ? AT_LATEST_MS - (now - waitingSince) : DEBOUNCE_MS;
    timer = window.setTimeout(() => void ask(), Math.max(DEBOUNCE_MS, wait));
  };

  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    settle();
  });
  void ask();
  return {
    element,
    changed,
    arriving: (now) => {
      if (now === isArriving) return;
      isArriving = now;
      draw();
      if (!now) changed();
    },
    asked: () => {
      const asked = (check?.findings ?? []).filter(({ severity }) => severity !== "warns");
      const revision = check?.state === "done" ? check.revision : undefined;
      return { messages: asked.map(({ message }) => message), revision };
    },
    isChecking,
    settled: () => {
      if (signal.aborted || !isChecking()) return Promise.resolve();
      if (timer) void ask();
      return new Promise((go) => waiting.push(go));
    },
  };
}

function summaryOf({ state, done, total }: Check, findings: Finding[], isArriving: boolean): string {
  if (state === "empty") return "There are no frames yet.";
  if (state === "running") return total ? `Checking frame ${Math.min(done + 1, total)} of ${total}.` : "Checking.";
  const soFar = isArriving ? " so far" : "";
  const checked = count(total, "frame");
  if (!findings.length) return `No problems in the ${checked}${soFar}.`;
  const of = (wanted: Finding["severity"]) => findings.filter(({ severity }) => severity === wanted).length;
  const [blocks, asks, warns] = [of("blocks"), of("asks"), of("warns")];
  const parts = [blocks && `${blocks} to mend`, asks && `${asks} to decide`, warns && `${warns} to know`].filter(
    Boolean,
  );
  return `${checked}${soFar}: ${parts.join(", ")}.`;
}

const LABELS = { blocks: "Mend this", asks: "Decide", warns: "To know" };

function findingRow(
  finding: Finding,
  { onMend, onReverse }: { onMend?: ((mend: string) => Promise<void>) | undefined; onReverse?: Options["onReverse"] },
  signal: AbortSignal,
): HTMLLIElement {
  const { kind, severity, frames, message, remedy, evidence, mend, mendLabel } = finding;
  const row = make(
    "li",
    { class: `finding ${severity}`, "data-kind": kind },
    make("p", { class: "message" }, badge(LABELS[severity], severity), ` ${message}`),
  );
  const text = make("div", { class: "remedy" });
  if (remedy) text.append(make("p", { class: "quiet" }, remedy));
  if (frames.length > 2) {
    const names = make("p", { class: "frames quiet" }, frames.join(", "));
    text.append(make("details", {}, make("summary", {}, count(frames.length, "frame")), names));
  } else if (frames.length) {
    text.append(make("p", { class: "frames quiet" }, listOf(frames)));
  }
  if (mend && onMend) {
    text.append(button(mendLabel ?? mend, () => onMend(mend), { class: "plain", "data-mend": mend }));
  }
  if (onReverse && kind === "out-of-order" && frames.length > 1) {
    const label = frames.length === 2 ? "Swap them" : "Turn them round";
    text.append(button(label, () => onReverse(frames), { class: "plain", "data-mend": "reverse" }));
  }
  const picture = evidence && evidenceOf(evidence, message, signal);
  row.append(make("div", { class: "detail" }, ...(picture ? [picture] : []), text));
  return row;
}

/** The address is the same for every check, so the browser's cache may hold the picture of an earlier one. */
function evidenceOf(url: string, message: string, signal: AbortSignal): HTMLElement {
  const small = make("img", { alt: "" });
  const enlarge = () => {
    const large = make("img", { class: "evidence-large", alt: message, src: small.src });
    const { dialog, close } = openDialog(message, large);
    dialog.classList.add("wide");
    dialog.append(make("div", { class: "actions" }, button("Close", close)));
  };
  const frame = button("", enlarge, { class: "evidence", "aria-label": `Picture: ${message}`, hidden: true });
  frame.append(small);
  void (async () => {
    try {
      const response = await fetch(url, { cache: "no-store", signal });
      if (!response.ok) return;
      small.src = URL.createObjectURL(await response.blob());
      signal.addEventListener("abort", () => URL.revokeObjectURL(small.src));
      frame.hidden = false;
    } catch {
      // The message is shown without the picture.
    }
  })();
  return frame;
}
