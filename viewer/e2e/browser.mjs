// The headless browser that tests drive, its pages, and shops on origins of their own. CHROMIUM names another executable.

import { createServer, request } from "node:http";
import playwright from "playwright-core";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const args = [
  "--no-sandbox",
  "--headless",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** ENGINE=firefox drives Debian's Firefox, by WebDriver BiDi: what playwright itself calls firefox is a build of its own. */
export const isFirefox = process.env.ENGINE === "firefox";

export const launch = (options) =>
  isFirefox
    ? playwright._bidiFirefox.launch({ executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr" })
    : playwright.chromium.launch({ executablePath, args, ...options });

/** A page in a context of its own; `errors` collects those of its scripts and of its console. */
export async function openPage(browser, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const errors = [];
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  return { context, page, errors, close: () => context.close() };
}

/** Serves a shop: `answerOf(path)` gives a type and a body, or nothing. */
export async function openShop(answerOf, headers = {}) {
  const server = createServer(({ url }, answer) => {
    if (url === "/favicon.ico") return answer.writeHead(204).end();
    const [type, body] = answerOf(new URL(url, "http://shop").pathname) ?? [];
    answer.writeHead(body ? 200 : 404, { "Content-Type": type ?? "text/plain", ...headers }).end(body ?? "");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** Stands before the server as a CDN or a bad line does: `intercept(asked, answer, pass)` answers itself or passes it on. */
export async function openFront(base, intercept) {
  const server = createServer((asked, answer) => {
    const { method, headers } = asked;
    const pass = (deliver = (from) => from.pipe(answer.writeHead(from.statusCode, from.headers))) => {
      const passed = request(new URL(asked.url, base), { method, headers }, deliver);
      // What the page no longer waits for is not waited for either: a stream would keep the process.
      answer.once("close", () => passed.destroy());
      passed.on("error", () => answer.destroy());
      return asked.pipe(passed);
    };
    intercept(asked, answer, pass);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  /** Ends every connection that is open. */
  const cut = () => server.closeAllConnections();
  return { url: `http://127.0.0.1:${server.address().port}`, close, cut };
}

/** Waits until what is asked in the page is true. `waitForFunction` takes the promise of an async function for true. */
export async function until(page, isTrue, argument) {
  for (const end = Date.now() + 60_000; !(await page.evaluate(isTrue, argument)); ) {
    if (Date.now() > end) throw new Error(`it never became true: ${isTrue}`);
  }
}
