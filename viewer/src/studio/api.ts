// The server's private API: JSON in and out, the session in a cookie, problems as errors with words.

import type {
  Check,
  Choices,
  Frameset,
  Job,
  ListedProduct,
  LoupeStanding,
  NewChoice,
  Polish,
  PreviewLink,
  Sequence,
  Session,
  Settings,
  VersionDetail,
  Wanted,
} from "../api";

/** A problem that the server answered with (RFC 9457); status 0 where it did not answer. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    /** The last part of the problem's type: it names the kind of problem. */
    readonly slug: string,
    words: string,
    /** What the product lacks, for `new-choice`. */
    readonly newChoices: NewChoice[] = [],
  ) {
    super(words);
  }
}

const SIGNED_OUT = "signedout";
const hub = new EventTarget();

/** Calls back whenever an answer shows that the session has ended. */
export function onSignedOut(listener: () => void): void {
  hub.addEventListener(SIGNED_OUT, listener);
}

export function reportSignedOut(): void {
  hub.dispatchEvent(new Event(SIGNED_OUT));
}

export const session = {
  show: () => ask<Session>("GET", "/api/session", undefined, { mayBeSignedOut: true }),
  begin: (key: string) => ask<Session>("POST", "/api/session", { key }, { mayBeSignedOut: true }),
  end: () => ask<undefined>("DELETE", "/api/session"),
};

export const products = {
  list: async () => (await ask<{ products: ListedProduct[] }>("GET", "/api/products")).products,
};

export const DEMAND_CSV = "/api/demand?format=csv";

export const demand = {
  list: async () => (await ask<{ wanted: Wanted[] }>("GET", "/api/demand")).wanted,
};

const SETS = "/api/framesets";

export const sets = {
  list: async () => (await ask<{ framesets: Frameset[] }>("GET", SETS)).framesets,
  /** Opens a set; it fails where the product lacks a choice, unless `newChoices` may be created. */
  open: (product: string, choices: Choices, newChoices = false) =>
    ask<Frameset>("POST", SETS, { product, choices, ...(newChoices && { newChoices }) }),
  show: (id: string) => ask<Frameset>("GET", `${SETS}/${id}`),
  change: (id: string, settings: Partial<Settings>) => ask<Frameset>("PATCH", `${SETS}/${id}`, settings),
  discard: (id: string) => ask<undefined>("DELETE", `${SETS}/${id}`),
  /** Commits the set; what the check of a revision found is meant. */
  commit: (id: string, acknowledge?: string) =>
    ask<Frameset>("POST", `${SETS}/${id}/commit${acknowledge ? `?acknowledge=${acknowledge}` : ""}`),
  check: (id: string) => ask<Check>("GET", `${SETS}/${id}/check`),
  /** Mends what the check of a revision found; it fails where the set has another one by now. */
  mend: (id: string, mend: string, revision: string) => ask<Frameset>("POST", `${SETS}/${id}/mend`, { mend, revision }),
  /** Renames frames of a revision, all at once. */
  rename: (id: string, names: Record<string, string>, revision: string) =>
    ask<Frameset>("POST", `${SETS}/${id}/rename`, { names, revision }),
  /** A frame, small. */
  thumbnail: async (id: string, name: string): Promise<Blob> => {
    const response = await fetch(`${SETS}/${id}/thumbnails/${encodeURIComponent(name)}`, { cache: "no-store" });
    if (!response.ok) throw problemOf(response.status, await response.text());
    return response.blob();
  },
  /** Removes a frame; with its digest, only while the name is that of the same content. */
  removeFrame: (id: string, name: string, digest?: string) =>
    ask<undefined>("DELETE", `${SETS}/${id}/frames/${encodeURIComponent(name)}`, undefined, {
      ...(digest && { ifMatch: `"${digest}"` }),
    }),
};

export const jobs = {
  list: async () => (await ask<{ jobs: Job[] }>("GET", "/api/jobs")).jobs,
  show: (id: string) => ask<Job>("GET", `/api/jobs/${id}`),
  cancel: (id: string) => ask<Job>("POST", `/api/jobs/${id}/cancel`),
  retry: (id: string) => ask<Job>("POST", `/api/jobs/${id}/retry`),
};

const SEQUENCES = "/api/sequences";

export const sequences = {
  show: (id: string) => ask<Sequence>("GET", `${SEQUENCES}/${id}`),
  version: (id: string, version: number) => ask<VersionDetail>("GET", `${SEQUENCES}/${id}/versions/${version}`),
  loupe: (id: string) => ask<LoupeStanding>("GET", `${SEQUENCES}/${id}/loupe`),
  polish: (id: string) => ask<Polish>("GET", `${SEQUENCES}/${id}/polish`),
  publish: (id: string, version: number) => ask<Sequence>("POST", `${SEQUENCES}/${id}/publish`, { version }),
  rollBack: (id: string) => ask<Sequence>("POST", `${SEQUENCES}/${id}/rollback`),
  takeDown: (id: string) => ask<unknown>("POST", `${SEQUENCES}/${id}/take-down`, { confirm: id }),
  previewLink: (id: string, version: number, hours: number) =>
    ask<PreviewLink>("POST", `${SEQUENCES}/${id}/versions/${version}/preview-link`, { hours }),
};

/** The lines that put what is live of a configuration on a page. */
export async function snippetOf(configuration: string): Promise<string> {
  const path = `/api/products/customizable/${configuration}/snippet`;
  const response = await fetch(path, { cache: "no-store" }).catch(() => undefined);
  if (!response) throw new Problem(0, "unreachable", "The server cannot be reached.");
  const text = await response.text();
  if (!response.ok) throw problemOf(response.status, text);
  // Behind a proxy that the server does not know, its address is another one than the artist's.
  const base = /src="(.*?)\/girasol-spin\.js"/.exec(text)?.[1];
  return (base ? text.replaceAll(`${base}/`, `${location.origin}/`) : text).trimEnd();
}

interface How {
  /** A 401 is an answer here, and does not lead to the sign-in. */
  mayBeSignedOut?: boolean;
  ifMatch?: string;
}

export async function ask<T>(method: string, path: string, body?: unknown, how: How = {}): Promise<T> {
  const init: RequestInit = { method, cache: "no-store" };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  if (how.ifMatch) init.headers = { ...init.headers, "If-Match": how.ifMatch };
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new Problem(
      0,
      "unreachable",
      "The server cannot be reached. Check that it is running and that you are online.",
    );
  }
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  const problem = problemOf(response.status, await response.text());
  if (problem.status === 401 && !how.mayBeSignedOut) reportSignedOut();
  throw problem;
}

/** The problem in an answer's body. A proxy in between may send anything. */
export function problemOf(status: number, text: string): Problem {
  let body: { type?: string; title?: string; detail?: string; newChoices?: NewChoice[] } = {};
  try {
    body = (JSON.parse(text) ?? {}) as typeof body;
  } catch {
    // A body that is no JSON is not meant for people.
  }
  const slug = body.type?.split(":").pop() ?? "";
  const words = sentence(body.detail ?? body.title ?? `The server answered ${status}`);
  return new Problem(status, slug, words, body.newChoices);
}

/** Turns the server's lower-case phrase into a sentence. */
export function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?:]$/.test(whole) ? whole : `${whole}.`;
}

/** The message of any error. */
export function wordsOf(error: unknown): string {
  return error instanceof Problem ? error.message : sentence(String(error instanceof Error ? error.message : error));
}
