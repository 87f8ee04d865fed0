// A job as the steps that an artist waits for, computed from its events.

import type { Job, JobFailure, JobState } from "../api";

/** One event of a job's stream. */
export interface JobEvent {
  kind: string;
  stage?: string;
  done?: number;
  total?: number;
  leftMs?: number | null;
  line?: string;
  attempt?: number;
  waitMs?: number;
  waitsFor?: Job["waitsFor"];
  failure?: JobFailure;
  configuration?: string;
  version?: number;
  at?: string;
}

/** The progress of a job. */
export interface JobProgress {
  state: JobState;
  stage: string | undefined;
  done: number;
  total: number;
  leftMs: number | undefined;
  /** What goes before a queued job. */
  waitsFor: Job["waitsFor"] | undefined;
  failure: JobFailure | undefined;
  configuration: string | undefined;
  version: number | undefined;
  /** The early version, which can be looked at until the job is ready. */
  preview: Job["preview"] | undefined;
}

export interface Step {
  label: string;
  state: "done" | "now" | "waiting" | "failed";
  /** Progress of the step under way, from 0 to 1. */
  share?: number;
  /** The same in numbers. */
  count?: string;
}

/** Steps, and the server's stages that make them up. */
const STEPS: [string, string[]][] = [
  ["Uploaded", []],
  ["Checked", ["check", "decode"]],
  ["Cut out and resized", ["prepare"]],
  ["Preview encoded", ["encode preview"]],
  ["Standard and HD encoded", ["encode standard and hd"]],
  ["Stored", ["store", "measure"]],
  ["Ready", []],
];

export function jobProgressOf(job: Job): JobProgress {
  return {
    state: job.state,
    stage: job.stage ?? undefined,
    done: job.done,
    total: job.total,
    leftMs: job.leftMs,
    waitsFor: job.waitsFor,
    failure: job.failure,
    configuration: job.configuration,
    version: job.version,
    preview: job.preview,
  };
}

/** The progress after one more event; unknown events change nothing. */
export function advance(progress: JobProgress, event: JobEvent): JobProgress {
  switch (event.kind) {
    case "queued":
      return {
        ...progress,
        state: "queued",
        leftMs: undefined,
        waitsFor: event.waitsFor,
        failure: event.failure ?? undefined,
      };
    case "running": {
      const anew = { stage: undefined, done: 0, total: 0, waitsFor: undefined, failure: undefined };
      return { ...progress, state: "running", ...anew };
    }
    case "preview":
      return { ...progress, preview: { configuration: event.configuration!, version: event.version! } };
    case "progress": {
      const { stage, done = 0, total = 0, leftMs } = event;
      return { ...progress, state: "running", stage, done, total, leftMs: leftMs ?? undefined };
    }
    case "ready":
      return {
        ...progress,
        state: "ready",
        configuration: event.configuration,
        version: event.version,
        leftMs: undefined,
      };
    case "failed": {
      const { kind: _kind, at: _at, ...failure } = event as JobEvent & JobFailure;
      return { ...progress, state: "failed", failure: event.failure ?? (failure as JobFailure), leftMs: undefined };
    }
    case "cancelled":
      return { ...progress, state: "cancelled", leftMs: undefined };
    default:
      return progress;
  }
}

export function isOver(state: JobState): boolean {
  return state === "ready" || state === "failed" || state === "cancelled";
}

/** The steps of a job, in order. */
export function stepsOf(progress: JobProgress): Step[] {
  const known = STEPS.findIndex(([, stages]) => stages.includes(progress.stage ?? ""));
  // Before the first stage is known, the first step is under way.
  const now = progress.state === "ready" ? STEPS.length : Math.max(1, known);
  return STEPS.map(([label], index): Step => {
    if (index < now) return { label, state: "done" };
    if (index > now) return { label, state: "waiting" };
    if (progress.state === "failed") return { label, state: "failed" };
    if (progress.state !== "running") return { label, state: "waiting" };
    if (!progress.total) return { label, state: "now" };
    return {
      label,
      state: "now",
      share: progress.done / progress.total,
      count: `${progress.done} of ${progress.total}`,
    };
  });
}
