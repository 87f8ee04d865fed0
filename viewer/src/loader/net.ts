// Requests that are tried again: what is worth another attempt, and after how long.

/** What a request needs from the outside; tests bring their own. */
export interface Net {
  fetch: (url: string, init?: RequestInit) => Promise<Response>;
  sleep: (ms: number) => Promise<void>;
  signal: AbortSignal;
}

/** The server answered, and not with what was asked for. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly retryAfterMs: number,
    /** A configuration that has a spin, where the one that was asked for has none. */
    readonly nearest?: unknown,
  ) {
    super(`HTTP ${status}`);
  }
}

const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 8000;

/** One GET; anything but a success is an error. */
export async function get(net: Net, url: string, init: RequestInit = {}): Promise<Response> {
  const response = await net.fetch(url, { ...init, signal: net.signal });
  if (response.ok) return response;
  // An unread body would hold its connection.
  void response.body?.cancel().catch(() => {});
  throw new HttpError(response.status, 1000 * Number(response.headers.get("Retry-After")) || 0);
}

/** Does work up to `tries` times, with growing pauses, while its failure may pass. */
export async function retry<T>(net: Net, work: () => Promise<T>, tries = 4): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      net.signal.throwIfAborted();
      if (attempt >= tries || !isPassing(error)) throw error;
      await net.sleep(pauseMs(attempt, error));
      net.signal.throwIfAborted();
    }
  }
}

/** Whether the same request may well succeed a little later. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof HttpError) || error.status >= 500 || error.status === 429 || error.status === 408;
}

/** Pauses triple, with a third of chance in them so that many viewers do not come back at once. */
export function pauseMs(attempt: number, error?: unknown): number {
  const asked = error instanceof HttpError ? error.retryAfterMs : 0;
  const own = FIRST_PAUSE_MS * 3 ** (attempt - 1) * (1 + Math.random() / 3);
  return Math.min(Math.max(asked, own), LONGEST_PAUSE_MS);
}

/** The browser's own, until a signal. */
export function netOf(signal: AbortSignal): Net {
  // Whoever waits looks at the signal afterwards.
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  return { fetch: (url, init) => fetch(url, init), sleep, signal };
}
