// A job while it runs: its steps, how long it will take, what it says, and a way to stop it or to try again.

import { make } from "../page";
import { announce, announceProgress } from "./announce";
import { jobs, sentence } from "./api";
import { configurationHash } from "./routes";
import type { Job } from "./shapes";
import { type Course, courseOf, follow, isOver, type JobEvent, stepsOf } from "./steps";
import { ask, button, link, panel } from "./widgets";
import { dateOf, spanOf } from "./words";

const KINDS = ["queued", "running", "progress", "log", "ready", "failed", "cancelled"];
const OPEN_AGAIN_MS = 3_000;

const TITLES: Record<Course["state"], string> = {
  queued: "Waiting for a worker",
  running: "Encoding",
  ready: "Ready",
  failed: "It failed",
  cancelled: "Cancelled",
};

/** `onReady` is called where somebody was there to see it happen. */
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
  const look = make("a", { class: "button", id: "job-result", href: "#" }, "Look at it");
  const element = panel(
    "Encoding",
    { id: "job", "data-job": job.id },
    status,
    left,
    steps,
    trouble,
    make("div", { class: "actions" }, look, retry, cancel),
    make("details", {}, make("summary", {}, "Log"), log),
  );

  let course = courseOf(job);
  let isNews = !isOver(job.state);
  let told = course;
  let drawing = 0;
  let stream: EventSource | undefined;

  const draw = () => {
    drawing = 0;
    element.dataset.state = course.state;
    status.textContent = statusOf(course);
    left.textContent = course.leftMs ? `About ${spanOf(course.leftMs)} left.` : "";
    steps.replaceChildren(...stepsOf(course).map(stepRow));
    drawTrouble(trouble, course);
    const hasResult = course.state === "ready" && course.configuration && course.version;
    look.hidden = !hasResult;
    if (hasResult) {
      look.textContent = `Look at version ${course.version}`;
      look.href = configurationHash(course.configuration!, course.version);
    }
    cancel.hidden = isOver(course.state);
    retry.hidden = course.state !== "failed" && course.state !== "cancelled";
    // Told once drawn: a stream begins with all that has happened, in one breath.
    if (isNews) tell(course, told);
    told = course;
  };

  const take = (event: JobEvent) => {
    const before = course;
    course = follow(course, event);
    if (event.kind === "log" && event.line) log.append(logLine(event.line, event.at));
    if (event.kind === "running") log.append(logLine(`Attempt ${event.attempt ?? 1} begins`, event.at));
    if (course === before) return;
    drawing ||= requestAnimationFrame(draw);
    if (isNews && course.state === "ready" && course.configuration && course.version) {
      stream?.close();
      onReady(course.configuration, course.version);
    }
  };

  const open = () => {
    stream?.close();
    if (signal.aborted) return;
    // Every stream tells the job from its beginning; after a cut the browser asks for the rest alone.
    log.replaceChildren();
    stream = new EventSource(job.events);
    for (const kind of KINDS) {
      stream.addEventListener(kind, (event) => take({ ...(JSON.parse((event as MessageEvent).data) as object), kind }));
    }
    stream.addEventListener("error", () => {
      // The server ends the stream of a job that is over, and the browser would open it again for ever. A failure
      // alone is no end: the job may have been tried again since.
      if (isOver(course.state)) stream?.close();
      // What the browser does not open again by itself: an answer that was no stream.
      else if (stream?.readyState === EventSource.CLOSED) setTimeout(() => void reopen(), OPEN_AGAIN_MS);
    });
  };

  const reopen = async () => {
    try {
      // Where nobody is signed in any more, this leads to the sign-in.
      course = courseOf(await jobs.show(job.id));
      draw();
    } catch {
      // The server is on its way back.
    }
    if (!signal.aborted) open();
  };

  const stop = async () => {
    const body = [make("p", {}, "What has been encoded is kept, so that another try takes less time.")];
    if (!(await ask({ title: "Stop encoding?", body, confirm: "Stop it", danger: true }))) return;
    course = courseOf(await jobs.cancel(job.id));
    draw();
  };

  const again = async () => {
    course = courseOf(await jobs.retry(job.id));
    isNews = true;
    draw();
    open();
  };

  signal.addEventListener("abort", () => stream?.close());
  draw();
  // A job that is over tells its story once more, for the log.
  open();
  return element;
}

function statusOf({ state, failure }: Course): string {
  return state === "queued" && failure ? "It failed, and is tried again by itself" : TITLES[state];
}

function stepRow({ label, state, share, count }: ReturnType<typeof stepsOf>[number]): HTMLLIElement {
  const words = { done: "done", now: "under way", waits: "to come", failed: "failed" }[state];
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

function drawTrouble(target: HTMLElement, { failure, state }: Course): void {
  target.hidden = !failure || state === "ready" || state === "running";
  if (target.hidden || !failure) return;
  const { message, file, remedy } = failure;
  target.replaceChildren(
    make("p", { class: "error" }, sentence(message ?? "Something failed here")),
    ...(file ? [make("p", {}, "File: ", make("code", {}, file))] : []),
    ...(remedy ? [make("p", { class: "quiet" }, sentence(remedy))] : []),
  );
}

function tell(course: Course, before: Course): void {
  const step = stepsOf(course).find(({ state }) => state === "now");
  if (course.state !== before.state) announce(`${TITLES[course.state]}.`);
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
    const step = stepsOf(courseOf(job)).find(({ state }) => state === "now");
    return step?.count ? `${step.label}, ${step.count}` : (step?.label ?? "Encoding");
  }
  return job.state === "failed" ? sentence(job.failure?.message ?? "It failed") : TITLES[job.state];
}

/** Where a job's result is. */
export function resultLink(job: Job): HTMLAnchorElement | undefined {
  if (job.state !== "ready" || !job.configuration || !job.version) return undefined;
  return link(`Version ${job.version}`, configurationHash(job.configuration, job.version));
}
