// Requests and their retries: which failures are retried, and after how long.

/** What requests use of the browser; tests replace it. */
export interface Net {
  fetch: (url: string, init?: RequestInit) => Promise<Response>;
  sleep: (ms: number) => Promise<void>;
  signal: AbortSignal;
}

/** The server answered with an error. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    readonly retryAfterMs: number,
    /** A configuration that has a spin, where the requested one has none. */
    readonly nearest?: unknown,
  ) {
    super(`HTTP ${status}`);
  }
}

/** The status of an HTTP error; undefined for all other errors. */
export function statusOf(error: unknown): number | undefined {
  return (error as Partial<HttpError>).status;
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

/** Does work up to `tries` times, with growing pauses, while its failure is temporary. */
export async function retry<T>(net: Net, work: () => Promise<T>, tries = 4): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      net.signal.throwIfAborted();
      if (attempt >= tries || !isTemporary(error)) throw error;
      await net.sleep(pauseMs(attempt, error));
      net.signal.throwIfAborted();
    }
  }
}

/** Whether the same request may succeed later. */
export function isTemporary(error: unknown): boolean {
  const status = statusOf(error);
  return !status || status >= 500 || status === 429 || status === 408;
}

/** Pauses triple, and vary by a third so that many viewers do not return at once. */
export function pauseMs(attempt: number, error?: unknown): number {
  const { retryAfterMs: wished = 0 } = (error ?? {}) as Partial<HttpError>;
  const own = FIRST_PAUSE_MS * 3 ** (attempt - 1) * (1 + Math.random() / 3);
  return Math.min(Math.max(wished, own), LONGEST_PAUSE_MS);
}

/** The browser's network, until a signal. */
export function netOf(signal: AbortSignal): Net {
  // Callers check the signal afterwards.
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
  return { fetch: (url, init) => fetch(url, init), sleep, signal };
}
