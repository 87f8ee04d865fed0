// What the page asks the server for.

import type {
  AlertList,
  HealthReport,
  LaunchList,
  LaunchReports,
  LaunchRequest,
  Performance,
  Plots,
  Session,
  UserPerformance,
} from "../api";
import { ask, Problem } from "../studio/api";

export const LIVE = "/api/performance/events";
export const ALERT_EVENTS = "/api/alerts/events";

/** Fails where the session has ended, which leads to the sign-in. */
export const checkSession = () => ask<Session>("GET", "/api/session");

export const showPlots = (hours: number) => ask<Plots>("GET", `/api/performance/plots?hours=${hours}`);
export const showReport = (hours: number) => ask<Performance>("GET", `/api/performance?hours=${hours}`);
export const showUsers = (hours: number) => ask<UserPerformance>("GET", `/api/performance/users?hours=${hours}`);

/** A server that is not ready says so with 503, and what is wrong all the same. */
export async function showHealth(): Promise<HealthReport> {
  const response = await fetch("/api/health", { cache: "no-store" });
  if (!response.ok && response.status !== 503) throw new Problem(response.status, "", "Health cannot be shown.");
  return await response.json();
}

export const alerts = {
  list: () => ask<AlertList>("GET", "/api/alerts"),
  silence: (name: string, minutes: number, reason: string, subject: string) =>
    ask<AlertList>("POST", `/api/alerts/${name}/silence`, { minutes, reason, ...(subject && { subject }) }),
  unsilence: (name: string) => ask<AlertList>("DELETE", `/api/alerts/${name}/silence`),
};

export const launches = {
  reports: () => ask<LaunchReports>("GET", "/api/launches/reports"),
  plan: (launch: LaunchRequest) => ask<LaunchList>("POST", "/api/launches", launch),
  remove: (id: number) => ask<LaunchList>("DELETE", `/api/launches/${id}`),
};
