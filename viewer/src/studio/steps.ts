// A job as the steps that an artist waits for, from what its events tell.

import type { Failure, Job, JobState } from "./shapes";

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
  failure?: Failure;
  configuration?: string;
  version?: number;
  at?: string;
}

/** How far a job is. */
export interface Course {
  state: JobState;
  stage: string | undefined;
  done: number;
  total: number;
  leftMs: number | undefined;
  failure: Failure | undefined;
  configuration: string | undefined;
  version: number | undefined;
}

export interface Step {
  label: string;
  state: "done" | "now" | "waits" | "failed";
  /** Of the step that is under way, from 0 to 1. */
  share?: number;
  /** Of it, in numbers. */
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

export function courseOf(job: Job): Course {
  return {
    state: job.state,
    stage: job.stage ?? undefined,
    done: job.done,
    total: job.total,
    leftMs: job.leftMs,
    failure: job.failure,
    configuration: job.configuration,
    version: job.version,
  };
}

/** The course after one more event; what is unknown changes nothing. */
export function follow(course: Course, event: JobEvent): Course {
  switch (event.kind) {
    case "queued":
      return { ...course, state: "queued", leftMs: undefined, failure: event.failure };
    case "running":
      return { ...course, state: "running", stage: undefined, done: 0, total: 0, failure: undefined };
    case "progress": {
      const { stage, done = 0, total = 0, leftMs } = event;
      return { ...course, state: "running", stage, done, total, leftMs: leftMs ?? undefined };
    }
    case "ready":
      return {
        ...course,
        state: "ready",
        configuration: event.configuration,
        version: event.version,
        leftMs: undefined,
      };
    case "failed": {
      const { kind: _kind, at: _at, ...failure } = event as JobEvent & Failure;
      return { ...course, state: "failed", failure: event.failure ?? (failure as Failure), leftMs: undefined };
    }
    case "cancelled":
      return { ...course, state: "cancelled", leftMs: undefined };
    default:
      return course;
  }
}

export function isOver(state: JobState): boolean {
  return state === "ready" || state === "failed" || state === "cancelled";
}

/** The steps of a job, in order. */
export function stepsOf(course: Course): Step[] {
  const known = STEPS.findIndex(([, stages]) => stages.includes(course.stage ?? ""));
  // Before the first stage is told, what comes first is under way.
  const now = course.state === "ready" ? STEPS.length : Math.max(1, known);
  return STEPS.map(([label], index): Step => {
    if (index < now) return { label, state: "done" };
    if (index > now) return { label, state: "waits" };
    if (course.state === "failed") return { label, state: "failed" };
    if (course.state !== "running") return { label, state: "waits" };
    if (!course.total) return { label, state: "now" };
    return { label, state: "now", share: course.done / course.total, count: `${course.done} of ${course.total}` };
  });
}
