// Entry of the viewer's second file: what no visitor needs before the whole turn is there.

export { createMore } from "./more/more";
