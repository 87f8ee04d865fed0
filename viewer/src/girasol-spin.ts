// Entry of the viewer: importing it defines <girasol-spin>.

import { GirasolSpin } from "./element/element";

export type { SpinEvents } from "./element/element";
export { GirasolSpin };

// A page may load the viewer twice, through two shops' scripts say; the first one stays.
if (!customElements.get("girasol-spin")) customElements.define("girasol-spin", GirasolSpin);
