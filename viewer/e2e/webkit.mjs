// Debian's WebKitGTK, by WebDriver (https://www.w3.org/TR/webdriver2/), on a screen of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";

const DISPLAY = ":87";
/** Debian keeps the browser that comes with the library beside the library. */
const BROWSER = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
  .flatMap((machine) => ["4.1", "4.0"].map((version) => `/usr/lib/${machine}/webkit2gtk-${version}/MiniBrowser`))
  .find(existsSync);
const TRIES = 100;

/** A port that no process listens on. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Tries again for a while, until something does not throw. */
async function soon(attempt) {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Starts screen, driver and browser. */
export async function launchWebKit() {
  const screen = spawn("Xvfb", [DISPLAY, "-screen", "0", "1280x1024x24"], { stdio: "ignore" });
  const port = await freePort();
  const env = { ...process.env, DISPLAY, LIBGL_ALWAYS_SOFTWARE: "1" };
  const driver = spawn("WebKitWebDriver", [`--port=${port}`], { stdio: "ignore", env });
  const send = async (method, path, body) => {
    const init = { method, body: body && JSON.stringify(body) };
    const { value } = await (await fetch(`http://127.0.0.1:${port}${path}`, init)).json();
    if (value?.error) throw new Error(`${path}: ${value.message}`);
    return value;
  };
  const options = { binary: BROWSER, args: ["--automation"] };
  const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": options } };
  const { sessionId } = await soon(() => send("POST", "/session", { capabilities }));
  const session = `/session/${sessionId}`;
  const command = (path, body = {}) => send("POST", `${session}/${path}`, body);

  const evaluate = (body, ...args) => command("execute/sync", { script: `return (${body})(...arguments)`, args });
  return {
    goto: (url) => command("url", { url }),
    evaluate,
    /** Until it is true in the page. */
    until: (body, ...args) =>
      soon(async () => {
        const value = await evaluate(body, ...args);
        if (!value) throw new Error(`not yet: ${body}`);
        return value;
      }),
    /** Moves a pointer from place to place, pressed from the first to the last. */
    drag: (places, pointerType = "mouse") => {
      const to = ([x, y]) => ({ type: "pointerMove", duration: 20, x, y });
      const [first, ...rest] = places;
      const press = [to(first), { type: "pointerDown", button: 0 }, ...rest.map(to), { type: "pointerUp", button: 0 }];
      const pointer = { type: "pointer", id: pointerType, parameters: { pointerType }, actions: press };
      return command("actions", { actions: [pointer] });
    },
    press: (value) => {
      const actions = [
        { type: "keyDown", value },
        { type: "keyUp", value },
      ];
      return command("actions", { actions: [{ type: "key", id: "keys", actions }] });
    },
    back: () => command("back"),
    /** A picture of what is seen, PNG in base64. */
    shoot: () => send("GET", `${session}/screenshot`),
    async close() {
      await send("DELETE", session).catch(() => {});
      driver.kill();
      screen.kill();
    },
  };
}
