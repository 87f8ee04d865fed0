// The React wrapper in a page of React's own: props are attributes, listeners are called, and a ref is the element.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { launch, openPage, openShop } from "./browser.mjs";
import { sequenceOf } from "./spins.mjs";

const base = process.env.GIRASOL_URL;
let browser;
let shop;

const APP = (src) => `
  import { createElement, useState } from "react";
  import { createRoot } from "react-dom/client";
  import { GirasolSpin } from "./react.js";
  window.events = [];
  window.spots = [{ name: "stone", label: "The stone", points: [{ degree: 0, x: 0.5, y: 0.25 }] }];
  function App() {
    const [metal, setMetal] = useState("yellow-gold");
    window.setMetal = setMetal;
    return createElement(GirasolSpin, {
      src: ${JSON.stringify(src)}, alt: "Ring", width: 1, height: 1, metal, share: false, hotspots: window.spots, className: "ring", ref: (element) => (window.spin = element),
      onReady: () => window.events.push("ready in " + metal),
      onSwitch: ({ detail }) => window.events.push("switch to " + detail.choices.metal + " in " + metal),
    });
  }
  createRoot(document.body).render(createElement(App));
`;

before(async () => {
  browser = await launch();
  const stdin = {
    contents: APP(new URL(sequenceOf("yellow-gold"), base).href),
    resolveDir: fileURLToPath(new URL("..", import.meta.url)),
  };
  const { outputFiles } = await build({
    stdin,
    bundle: true,
    format: "esm",
    write: false,
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const html = `<!doctype html><html lang="en"><title>Shop</title><body></body><script type="module" src="/app.js"></script>`;
  const files = { "/": ["text/html", html], "/app.js": ["text/javascript", outputFiles[0].text] };
  shop = await openShop((path) => files[path]);
});
after(async () => {
  await browser?.close();
  shop?.close();
});

test("a_react_page_shows_a_spin_and_switches_it_by_a_prop", async () => {
  const { page, errors, close } = await openPage(browser);
  await page.goto(shop.url);
  await page.waitForFunction(() => window.events?.length === 1);
  await page.evaluate(() => window.setMetal("platinum"));
  await page.waitForFunction(() => window.events.some((line) => line.startsWith("switch")));
  const { events, spin } = await page.evaluate(() => ({
    events: window.events,
    spin: [window.spin.localName, window.spin.className, window.spin.hasAttribute("share")],
  }));
  assert.deepEqual(
    events.filter((line) => line.startsWith("switch")),
    ["switch to platinum in platinum"],
  );
  assert.deepEqual(spin, ["girasol-spin", "ring", false]);
  await page.getByText("The stone").waitFor();
  assert.deepEqual(errors, []);
  await close();
});
