// Entry of the viewer's second file: what no visitor needs before the spin can be turned.

export { createMore } from "./more/more";
