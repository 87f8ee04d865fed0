/** `docs/runbook.md`, which the build puts in. */
declare const text: string;
export default text;
