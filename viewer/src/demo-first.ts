// Runs before the page is painted: a page that was linked with choices must not show another ring first, and what
// needs scripts is shown where there are some.

import { readAddress } from "./demo/address";

const { classList } = document.documentElement;
classList.add("js");
const pictured = document.querySelector<HTMLMetaElement>("meta[name=girasol-pictured]");
const has = new URLSearchParams(pictured?.content);
if (Object.entries(readAddress().choices).some(([option, choice]) => has.get(option) !== choice))
  classList.add("linked");
