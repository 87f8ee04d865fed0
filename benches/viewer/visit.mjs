// One visit with a cold cache: when the page shows what, with how many bytes and requests.

import { throttle } from "./throttles.mjs";

const VISIT_WITHIN_MS = 60_000;
const QUIET_MS = 1000;
/** Mean difference, in values of 255, under which two pictures are the same. */
const SAME = 1;

/**
 * Runs in the page. At each refresh it records what is shown: whether a picture of the page is, and the canvas,
 * 48 by 48 over white. It treats both viewers alike, and ends with the first complete turn.
 */
const WATCH = () => {
  const small = new OffscreenCanvas(48, 48).getContext("2d", { willReadFrequently: true });
  window.shown = [];
  window.lookAt = () => {
    const host = document.getElementById("ring");
    const canvas = (host?.shadowRoot ?? host)?.querySelector("canvas");
    if (!canvas?.width || !canvas.height) return undefined;
    small.fillStyle = "#fff";
    small.fillRect(0, 0, 48, 48);
    small.drawImage(canvas, 0, 0, 48, 48);
    return small.getImageData(0, 0, 48, 48).data;
  };
  const isPicture = (image) => image.complete && image.naturalWidth > 1 && image.checkVisibility();
  // The watching itself has to cost little, or it would slow what it watches.
  const isSame = (one, other) => {
    const [ones, others] = [new Uint32Array(one.buffer), new Uint32Array(other.buffer)];
    return ones.every((value, index) => value === others[index]);
  };
  let last;
  const look = () => {
    const host = document.getElementById("ring");
    for (const image of [...(host?.querySelectorAll("img") ?? [])].filter(isPicture))
      mark(getComputedStyle(image).filter === "none" ? "image" : "blurred");
    if (host?.loadedFrames >= 36) mark("full");
    const data = lookAt();
    if (data && !(last && isSame(data, last))) shown.push({ at: performance.now(), data });
    last = data ?? last;
    if (!window.marks?.full) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
};

const apart = (one, other) => one.reduce((sum, value, index) => sum + Math.abs(value - other[index]), 0) / one.length;
const isBlank = (data) => data.every((value) => value === 255);

/**
 * Counts the bytes on the network, headers included. A reader may cancel a response that it has read completely before
 * the browser reports it as finished: then it counts by its Content-Length. What a response has when it is reported is its
 * head, or by HTTP/2 what has arrived of its body too.
 */
function lineOf(session) {
  const answers = new Map();
  const line = {
    last: 0,
    requests: () => answers.size,
    bytes: () => [...answers.values()].reduce((sum, { bytes }) => sum + bytes, 0),
  };
  const note = (id, change) => {
    const answer = answers.get(id);
    if (!answer) return;
    Object.assign(answer, change(answer));
    line.last = Date.now();
  };
  session.on(
    "Network.requestWillBeSent",
    ({ requestId, request }) => request.url.startsWith("http") && answers.set(requestId, { bytes: 0 }),
  );
  session.on("Network.requestServedFromCache", ({ requestId }) => answers.delete(requestId));
  session.on("Network.responseReceived", ({ requestId, response }) => {
    const { encodedDataLength: head, headers } = response;
    const length = Object.entries(headers).find(([name]) => name.toLowerCase() === "content-length")?.[1];
    if (response.fromDiskCache) answers.delete(requestId);
    else note(requestId, () => ({ bytes: head, whole: head + (head < Number(length ?? 0) ? Number(length) : 0) }));
  });
  session.on("Network.dataReceived", ({ requestId, encodedDataLength }) =>
    note(requestId, ({ bytes }) => ({ bytes: bytes + Math.max(0, encodedDataLength) })),
  );
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) =>
    note(requestId, () => ({ bytes: encodedDataLength })),
  );
  session.on("Network.loadingFailed", ({ requestId }) =>
    note(requestId, ({ bytes, whole }) => ({ bytes: Math.max(bytes, whole ?? 0) })),
  );
  return line;
}

async function open(browser, url, conditions) {
  const context = await browser.newContext({ viewport: { width: 800, height: 900 }, ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.addInitScript(WATCH);
  const session = await context.newCDPSession(page);
  const line = lineOf(session);
  await throttle(session, conditions);
  await page.goto(url, { waitUntil: "commit", timeout: VISIT_WITHIN_MS });
  return { page, line, close: () => context.close() };
}

/** Milliseconds from the start of the navigation, bytes and requests on the network until it is idle. */
export async function visit(browser, url, conditions) {
  const { page, line, close } = await open(browser, url, conditions);
  try {
    await page.waitForFunction(() => window.marks?.full, undefined, { timeout: VISIT_WITHIN_MS, polling: 250 });
    while (Date.now() - line.last < QUIET_MS) await page.waitForTimeout(100);
    const { marks, shown, final } = await page.evaluate(() => ({
      marks,
      shown: shown.map(({ at, data }) => ({ at, data: [...data] })),
      final: [...lookAt()],
    }));
    const drawn = shown.filter(({ data }) => !isBlank(data));
    const sharp = drawn.find(({ data }) => apart(data, final) < SAME)?.at;
    if (isBlank(final) || sharp === undefined) throw new Error(`${url} shows nothing`);
    const first = (...times) => Math.min(...times.filter((time) => time !== undefined));
    const frame = first(marks.image, sharp);
    const picture = first(marks.blurred, drawn[0].at, frame);
    return { picture, frame, spin: marks.spin, full: marks.full, bytes: line.bytes(), requests: line.requests() };
  } finally {
    await close();
  }
}

/** How many pictures a drag once round shows, begun when the viewer reports that it can be turned. */
export async function drag(browser, url, conditions) {
  const { page, close } = await open(browser, url, conditions);
  try {
    await page.waitForFunction(() => window.marks?.spin, undefined, { timeout: VISIT_WITHIN_MS, polling: "raf" });
    await page.mouse.move(20, 250);
    await page.mouse.down();
    const seen = new Set();
    for (let x = 20; x <= 480; x += 10) {
      await page.mouse.move(x, 250);
      seen.add(
        await page.evaluate(
          () =>
            new Promise((resolve) =>
              requestAnimationFrame(() => requestAnimationFrame(() => resolve(lookAt().join()))),
            ),
        ),
      );
    }
    await page.mouse.up();
    return seen.size;
  } finally {
    await close();
  }
}
