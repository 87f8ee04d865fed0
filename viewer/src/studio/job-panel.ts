// A job: its steps, the time left, its log, and buttons that cancel or retry it.

import type { Job } from "../api";
import { make } from "../page";
import { announce, announceProgress } from "./announce";
import { jobs, sentence } from "./api";
import { configurationHash } from "./routes";
import { advance, isOver, type JobEvent, type JobProgress, jobProgressOf, stepsOf } from "./steps";
import { ask, button, link, panel } from "./widgets";
import { dateOf, spanOf } from "./words";

const KINDS = ["queued", "running", "progress", "preview", "log", "ready", "failed", "cancelled"];
const OPEN_AGAIN_MS = 3_000;

const WAITS_FOR_PREVIEWS = "Standard and HD wait: previews of new sets go first";

const TITLES: Record<JobProgress["state"], string> = {
  queued: "Waiting for a worker",
  running: "Encoding",
  ready: "Ready",
  failed: "Failed",
  cancelled: "Cancelled",
};

/** `onReady` is called if the job becomes ready while the panel is shown. */
export function jobPanel(
  job: Job,
  onReady: (configuration: string, version: number) => void,
  signal: AbortSignal,
): HTMLElement {
  const status = make("p", { id: "job-status", class: "selected" });
  const left = make("p", { id: "job-left", class: "quiet" });
  const steps = make("ol", { class: "steps", id: "job-steps" });
  const trouble = make("div", { class: "trouble", hidden: true });
  const log = make("ol", { class: "log", id: "job-log", "aria-label": "Log" });
  const cancel = button("Cancel", () => stop(), { id: "job-cancel", class: "plain" });
  const retry = button("Try again", () => again(), { id: "job-retry" });
  const preview = make("a", { class: "button plain", id: "job-preview", href: "#" }, "Look at the preview");
  const result = make("a", { class: "button", id: "job-result", href: "#" }, "Open the version");
  const element = panel(
    "Encoding",
    { id: "job", "data-job": job.id },
    status,
    left,
    steps,
    trouble,
    make("div", { class: "actions" }, result, preview, retry, cancel),
    make("details", {}, make("summary", {}, "Log"), log),
  );

  let progress = jobProgressOf(job);
  let isNews = !isOver(job.state);
  let announced = progress;
  let drawing = 0;
  let stream: EventSource | undefined;

  const draw = () => {
    drawing = 0;
    element.dataset.state = progress.state;
    status.textContent = statusOf(progress);
    left.textContent = progress.leftMs ? `About ${spanOf(progress.leftMs)} left.` : "";
    steps.replaceChildren(...stepsOf(progress).map(stepRow));
    drawTrouble(trouble, progress);
    const hasResult = progress.state === "ready" && progress.configuration && progress.version;
    result.hidden = !hasResult;
    if (hasResult) {
      result.textContent = `Open version ${progress.version}`;
      result.href = configurationHash(progress.configuration!, progress.version);
    }
    const early = progress.state === "ready" ? undefined : progress.preview;
    preview.hidden = !early;
    if (early) preview.href = configurationHash(early.configuration, early.version);
    cancel.hidden = isOver(progress.state);
    retry.hidden = progress.state !== "failed" && progress.state !== "cancelled";
    // Announced once drawn: a stream begins with all earlier events at once.
    if (isNews) announceChange(progress, announced);
    announced = progress;
  };

  const take = (event: JobEvent) => {
    const before = progress;
    progress = advance(progress, event);
    if (event.kind === "log" && event.line) log.append(logLine(event.line, event.at));
    if (event.kind === "running") log.append(logLine(`Attempt ${event.attempt ?? 1} begins`, event.at));
    if (progress === before) return;
    drawing ||= requestAnimationFrame(draw);
    if (isNews && progress.state === "ready" && progress.configuration && progress.version) {
      stream?.close();
      onReady(progress.configuration, progress.version);
    }
  };

  const open = () => {
    stream?.close();
    if (signal.aborted) return;
    // Every stream begins with the job's first event; after a lost connection the browser requests the rest only.
    log.replaceChildren();
    stream = new EventSource(job.events);
    for (const kind of KINDS) {
      stream.addEventListener(kind, (event) => take({ ...(JSON.parse((event as MessageEvent).data) as object), kind }));
    }
    stream.addEventListener("error", () => {
      // The server ends the stream of a job that is over, and the browser would open it again forever. A failed
      // event alone is no end: the job may have been retried since.
      if (isOver(progress.state)) stream?.close();
      // The browser does not reopen after an answer that is no stream.
      else if (stream?.readyState === EventSource.CLOSED) setTimeout(() => void reopen(), OPEN_AGAIN_MS);
    });
  };

  const reopen = async () => {
    try {
      // Without a session this leads to the sign-in.
      progress = jobProgressOf(await jobs.show(job.id));
      draw();
    } catch {
      // The server is restarting.
    }
    if (!signal.aborted) open();
  };

  const stop = async () => {
    const body = [make("p", {}, "The encodes so far stay in the cache, so that a retry takes less time.")];
    if (!(await ask({ title: "Stop encoding?", body, confirm: "Stop it", danger: true }))) return;
    progress = jobProgressOf(await jobs.cancel(job.id));
    draw();
  };

  const again = async () => {
    progress = jobProgressOf(await jobs.retry(job.id));
    isNews = true;
    draw();
    open();
  };

  signal.addEventListener("abort", () => stream?.close());
  draw();
  // The stream of a job that is over fills the log.
  open();
  return element;
}

function statusOf({ state, waitsFor, failure }: Pick<JobProgress, "state" | "waitsFor" | "failure">): string {
  if (state === "queued" && waitsFor) return WAITS_FOR_PREVIEWS;
  return state === "queued" && failure ? "Failed; it will be retried automatically" : TITLES[state];
}

function stepRow({ label, state, share, count }: ReturnType<typeof stepsOf>[number]): HTMLLIElement {
  const words = { done: "done", now: "under way", waiting: "waiting", failed: "failed" }[state];
  const row = make(
    "li",
    { class: state, ...(state === "now" && { "aria-current": "step" }) },
    make("span", { class: "step" }, label),
    make("span", { class: "unseen" }, `, ${words}`),
    make("span", { class: "counts" }, count ?? ""),
  );
  if (share !== undefined) row.append(make("progress", { max: 1, value: share, "aria-label": label }));
  else if (state === "now") row.append(make("progress", { "aria-label": label }));
  return row;
}

function drawTrouble(target: HTMLElement, { failure, state }: JobProgress): void {
  target.hidden = !failure || state === "ready" || state === "running";
  if (target.hidden || !failure) return;
  const { message, file, remedy } = failure;
  target.replaceChildren(
    make("p", { class: "error" }, sentence(message ?? "Internal server error")),
    ...(file ? [make("p", {}, "File: ", make("code", {}, file))] : []),
    ...(remedy ? [make("p", { class: "quiet" }, sentence(remedy))] : []),
  );
}

function announceChange(progress: JobProgress, before: JobProgress): void {
  const step = stepsOf(progress).find(({ state }) => state === "now");
  if (progress.state !== before.state) announce(`${statusOf(progress)}.`);
  else if (progress.preview && !before.preview) announce("The preview can be looked at.");
  else if (step) announceProgress(`${step.label}: ${step.count ?? "under way"}.`);
}

function logLine(line: string, at: string | undefined): HTMLLIElement {
  return make(
    "li",
    {},
    make("time", { datetime: at, title: at && dateOf(at) }, at ? at.slice(11, 19) : ""),
    ` ${line}`,
  );
}

/** A job's state in a few words, for lists. */
export function jobInWords(job: Job): string {
  if (job.state === "running") {
    const step = stepsOf(jobProgressOf(job)).find(({ state }) => state === "now");
    return step?.count ? `${step.label}, ${step.count}` : (step?.label ?? "Encoding");
  }
  if (job.state === "failed") return sentence(job.failure?.message ?? "The job failed");
  return job.waitsFor ? WAITS_FOR_PREVIEWS : TITLES[job.state];
}

/** Where a job's result is. */
export function resultLink(job: Job): HTMLAnchorElement | undefined {
  if (job.state !== "ready" || !job.configuration || !job.version) return undefined;
  return link(`Version ${job.version}`, configurationHash(job.configuration, job.version));
}
