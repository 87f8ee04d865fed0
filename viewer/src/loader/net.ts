// Requests and their retries: when one has stalled, which failures are retried, and after how long.

/** What requests use of the browser; tests replace it. */
export interface Net {
  fetch: (url: string, init?: RequestInit) => Promise<Response>;
  sleep: (ms: number) => Promise<void>;
  signal: AbortSignal;
}

/** The server's answer to one request. */
export interface Answer {
  /** Where it came from in the end. */
  url: string;
  /** Its body, as it comes. */
  chunks: AsyncGenerator<Uint8Array>;
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

/** Whether the server says that there is nothing to show, or nothing for this visitor. */
export function isRefusal(status?: number): boolean {
  return [403, 404, 410].includes(status!);
}

const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 8000;

/** A request that brings no byte for so long is given up. */
export const STALL_MS = 8000;
/** The status of its error (RFC 9110, section 15.5.9). */
const STALLED = 408;

/** One GET; anything but a success is an error, and so is an answer that stops coming. */
export async function get({ fetch, signal }: Net, url: string, init: RequestInit = {}): Promise<Answer> {
  const stall = new AbortController();
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stall.abort(new HttpError(STALLED, 0)), STALL_MS);
  };
  const end = () => clearTimeout(timer);
  signal.throwIfAborted();
  signal.addEventListener("abort", () => stall.abort());
  wait();
  try {
    const response = await fetch(url, { ...init, signal: stall.signal });
    const { ok, body, status, headers } = response;
    if (!ok) {
      // An unread body would hold its connection.
      void body?.cancel().catch(() => {});
      throw new HttpError(status, 1000 * +headers.get("Retry-After")! || 0);
    }
    // Not every browser can iterate a stream, but all have readers.
    const reader = (body ?? new Blob().stream()).getReader();
    const read = async function* () {
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return;
          wait();
          yield value;
        }
      } finally {
        end();
        // A reader that stops early also stops the transfer.
        reader.cancel().catch(() => {});
      }
    };
    return { url: response.url, chunks: read() };
  } catch (error) {
    end();
    throw error;
  }
}

/** All bytes of an answer. */
export async function bytesOf({ chunks }: Answer): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array();
  for await (const chunk of chunks) {
    const before = bytes;
    bytes = new Uint8Array(before.length + chunk.length);
    bytes.set(before);
    bytes.set(chunk, before.length);
  }
  return bytes;
}

/** What an answer says in JSON. */
export async function jsonOf(answer: Answer): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await bytesOf(answer)));
}

/** Does work up to `tries` times, with growing pauses, while its failure is temporary. A stall counts for three of them. */
export async function retry<T>(net: Net, work: () => Promise<T>, tries = 4): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      net.signal.throwIfAborted();
      if (statusOf(error) === STALLED) attempt += 2;
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
