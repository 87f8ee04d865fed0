// The files of a set in a list: those that are uploaded, and the progress of the others.

import { count, make } from "../page";
import type { LeftOut } from "./sorting";
import type { Transfer } from "./transfer";
import { byNumber } from "./turn-order";
import { button } from "./widgets";
import { listOf, sizeOf, spanOf } from "./words";

interface Row {
  item: HTMLLIElement;
  size: HTMLElement;
  state: HTMLElement;
  bar: HTMLProgressElement;
  again: HTMLButtonElement;
  remove: HTMLButtonElement | undefined;
}

export interface FileList {
  element: HTMLElement;
  /** Draws what has changed. */
  draw(): void;
}

const WORDS = { waiting: "waiting", uploading: "", unpacking: "unpacking", done: "uploaded", failed: "failed" };

/** `onRemove` is left out where the set is committed. */
export function fileList(transfer: Transfer, onRemove?: (name: string) => Promise<void>): FileList {
  const list = make("ul", { class: "files", id: "files", "aria-label": "Frames" });
  const rows = new Map<string, Row>();

  const rowOf = (name: string): Row => {
    let row = rows.get(name);
    if (row) return row;
    const size = make("span", { class: "size" });
    const state = make("span", { class: "state" });
    const bar = make("progress", { max: 1, "aria-label": `${name}, uploaded` });
    const again = button("Retry", () => transfer.retry(name), {
      class: "plain small",
      "aria-label": `Upload ${name} again`,
    });
    const attributes = { class: "plain small remove", "aria-label": `Remove ${name}`, title: "Remove" };
    const remove = onRemove && button("×", () => onRemove(name), attributes);
    const item = make(
      "li",
      { "data-name": name },
      make("span", { class: "name", title: name }, name),
      size,
      state,
      again,
      ...(remove ? [remove] : []),
      bar,
    );
    rows.set(name, (row = { item, size, state, bar, again, remove }));
    return row;
  };

  const draw = () => {
    // Failed files come first.
    const failed = (name: string) => (transfer.files.get(name)?.state === "failed" ? 0 : 1);
    const names = [...new Set([...transfer.stored.keys(), ...transfer.files.keys()])].sort(
      (one, other) => failed(one) - failed(other) || byNumber(one, other),
    );
    for (const name of names) {
      const file = transfer.files.get(name) ?? {
        bytes: transfer.stored.get(name) ?? 0,
        sent: 0,
        state: "done" as const,
      };
      const row = rowOf(name);
      const share = file.bytes ? file.sent / file.bytes : 0;
      row.item.dataset.state = file.state;
      row.size.textContent = sizeOf(file.bytes);
      const why = "why" in file ? file.why : undefined;
      row.state.textContent = why ?? (file.state === "uploading" ? `${Math.floor(100 * share)} %` : WORDS[file.state]);
      row.bar.hidden = file.state !== "uploading" && file.state !== "unpacking";
      if (file.state === "unpacking") row.bar.removeAttribute("value");
      else row.bar.value = share;
      row.again.hidden = file.state !== "failed";
    }
    const listed = new Set(names);
    for (const [name, row] of rows) {
      if (listed.has(name)) continue;
      row.item.remove();
      rows.delete(name);
    }
    // Moving an element takes the focus from it; usually the order has not changed.
    names.forEach((name, index) => {
      const { item } = rows.get(name)!;
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    });
    list.hidden = !names.length;
  };

  draw();
  return { element: list, draw };
}

const WAITING = {
  offline: "You are offline. The upload waits, and goes on by itself.",
  silent: "The server does not answer. The upload waits, and tries again by itself.",
};

/** The progress of all files, while some are uploading. */
export function totalsInWords(transfer: Transfer): string {
  const { files, here, failed, bytes, sent, bytesPerSecond, leftMs } = transfer.totals;
  const parts = [`${here} of ${count(files, "file")}`, `${sizeOf(sent)} of ${sizeOf(bytes)}`];
  const { line } = transfer;
  if (line !== "goes") return `${WAITING[line]} ${parts.join(", ")}.`;
  if (transfer.isQueued) return `${parts.join(", ")}. It begins once the set before is uploaded.`;
  if (bytesPerSecond) parts.push(`${sizeOf(bytesPerSecond)} a second`);
  if (leftMs) parts.push(`about ${spanOf(leftMs)} left`);
  if (failed) parts.push(`${failed} failed`);
  return parts.join(", ");
}

/** The files of a drop that are left out, and why; what may be a frame can be taken in. */
export function drawLeftOut(target: HTMLElement, transfer: Transfer): void {
  const { leftOut, alreadyHere } = transfer;
  const isKnown = ({ dropped }: LeftOut) => !dropped;
  const reasons = new Map<string, string[]>();
  for (const { name, why } of leftOut.filter(isKnown)) reasons.set(why, [...(reasons.get(why) ?? []), name]);
  const lines = [...reasons].map(([why, names]) => `Left out, ${why}: ${listOf(names, 8)}.`);
  if (alreadyHere)
    lines.push(`${count(alreadyHere, "file")} of the drop ${alreadyHere === 1 ? "was" : "were"} uploaded already.`);
  const doubtful = leftOut.filter((file) => !isKnown(file));
  const text = [...lines, ...doubtful.map(({ name, why }) => `${name} ${why}`)].join("\n");
  if (target.dataset.text === text) return;
  target.dataset.text = text;
  target.hidden = !text;
  const rows = doubtful.map((file) => {
    const name = file.name.split("/").at(-1) ?? file.name;
    const attributes = { class: "plain small", "aria-label": `Take it in: ${name}` };
    const take = button("Take it in", () => transfer.takeIn(file), attributes);
    return make("li", {}, make("span", {}, `Left out, ${file.why}: ${file.name}`), take);
  });
  const list = rows.length ? [make("ul", { class: "doubtful" }, ...rows)] : [];
  target.replaceChildren(...lines.map((line) => make("p", {}, line)), ...list);
}

/** Files that were dropped and have not arrived, as after a reload in the middle of an upload. */
export function drawMissing(target: HTMLElement, transfer: Transfer): void {
  const missing = transfer.isUnderWay ? [] : transfer.missing.sort(byNumber);
  const text = missing.join("\n");
  if (target.dataset.text === text) return;
  target.dataset.text = text;
  target.hidden = !text;
  if (!text) {
    target.replaceChildren();
    return;
  }
  const verb = missing.length === 1 ? "has" : "have";
  target.replaceChildren(
    make(
      "p",
      {},
      make("strong", {}, `${count(missing.length, "file")} of the drop ${verb} not arrived`),
      `: ${listOf(missing, 8)}.`,
    ),
    make("p", {}, "Drop the same folder again: the upload goes on where it stopped."),
    button("Go on without them", () => transfer.forgetMissing(), { class: "plain small", id: "forget-missing" }),
  );
}
