// A frame set: its files, the doctor's findings, its settings, and its encoding.

import type { Frameset } from "../api";
import { count, make } from "../page";
import { announce, announceProgress } from "./announce";
import { sets, wordsOf } from "./api";
import { expectTurn } from "./arrival";
import { type Doctor, doctor } from "./doctor";
import { drawLeftOut, type FileList, fileList, totalsInWords } from "./file-list";
import { jobPanel } from "./job-panel";
import { startSet } from "./new-set";
import { configurationHash, goTo } from "./routes";
import { settingsForm } from "./settings-form";
import { type Transfer, transferOf } from "./transfer";
import { ask, badge, button, link, panel } from "./widgets";
import { agoOf, dateOf, pieceInWords, sizeOf } from "./words";

const RELOAD_AFTER_MS = 1_000;

export async function showSet(page: HTMLElement, id: string, signal: AbortSignal): Promise<void> {
  const set = await sets.show(id);
  if (signal.aborted) return;
  if (set.state === "committed") return showCommitted(page, set, signal);
  const open = new AbortController();
  signal.addEventListener("abort", () => open.abort());
  const onCommitted = async () => {
    open.abort();
    await showSet(page, id, signal);
    page.querySelector("h1")?.focus();
  };
  showOpen(page, set, onCommitted, open.signal);
}

function headOf(set: Frameset, ...actions: Node[]): HTMLElement {
  return make(
    "header",
    { class: "head" },
    make(
      "div",
      {},
      make("p", { class: "crumbs" }, link("Products", "#/products"), " / Frame set"),
      make("h1", { tabindex: -1 }, pieceInWords(set.product, set.choices)),
      make(
        "p",
        { class: "quiet" },
        make("code", {}, set.product),
        ", opened ",
        make("time", { title: dateOf(set.opened) }, agoOf(set.opened)),
      ),
    ),
    make("div", { class: "actions" }, ...actions),
  );
}

/** An open set: it takes files. */
function showOpen(page: HTMLElement, set: Frameset, onCommitted: () => Promise<void>, signal: AbortSignal): void {
  const transfer = transferOf(set.id);
  noteStored(transfer, set);

  const totals = make("p", { id: "totals", class: "totals" });
  const bar = make("progress", { max: 1, "aria-label": "All files, sent", hidden: true });
  const leftOut = make("div", { class: "note", id: "left-out", role: "status", hidden: true });
  const again = button("Retry failed files", () => transfer.retry(), {
    class: "plain",
    id: "retry-files",
    hidden: true,
  });
  const drop = make("div", { id: "drop", class: "drop" });
  const commit = button("Encode", () => encode(), { id: "commit", disabled: true });
  const hint = make("p", { class: "quiet small", id: "commit-hint" });
  commit.setAttribute("aria-describedby", hint.id);

  let files: FileList;
  let physician: Doctor;
  let reloading = 0;

  const reload = async () => {
    reloading = 0;
    try {
      const fresh = await sets.show(set.id);
      // Another artist committed it, or the last announced frame has arrived.
      if (fresh.state === "committed") return await onCommitted();
      noteStored(transfer, fresh);
    } catch (error) {
      hint.textContent = wordsOf(error);
    }
    if (!signal.aborted) draw();
  };
  const changed = () => {
    physician.changed();
    reloading ||= window.setTimeout(() => void reload(), RELOAD_AFTER_MS);
  };

  const draw = () => {
    const { isUnderWay } = transfer;
    const frames = transfer.stored.size;
    const words = isUnderWay ? totalsInWords(transfer) : restInWords(transfer);
    totals.textContent = words;
    bar.hidden = !isUnderWay;
    bar.value = transfer.totals.bytes ? transfer.totals.sent / transfer.totals.bytes : 0;
    again.hidden = !transfer.totals.failed;
    drawLeftOut(leftOut, transfer);
    files.draw();
    commit.disabled = !frames || isUnderWay;
    hint.textContent = isUnderWay
      ? "Available once all files are uploaded."
      : frames
        ? "After that no more frames can be added."
        : "Drop frames first.";
    if (isUnderWay) announceProgress(words);
    physician.arriving(isUnderWay);
  };

  const remove = async (name: string) => {
    const wasStored = transfer.stored.delete(name);
    transfer.remove(name);
    try {
      if (wasStored) await sets.removeFrame(set.id, name, transfer.digests.get(name));
    } finally {
      changed();
    }
  };
  const mend = async (kind: string, revision: string) => {
    const fresh = await sets.mend(set.id, kind, revision).catch((error: unknown) => {
      // The frames are others by now, and so is what the doctor finds.
      changed();
      throw error;
    });
    announce("Mended.");
    noteStored(transfer, fresh.files ? fresh : await sets.show(set.id));
    transfer.removeMissing();
    draw();
    physician.changed();
  };
  const discard = async () => {
    const body = [make("p", {}, `The set and its ${count(transfer.stored.size, "frame")} are deleted.`)];
    if (transfer.stored.size || transfer.isUnderWay) {
      if (!(await ask({ title: "Discard this frame set?", body, confirm: "Discard it", danger: true }))) return;
    }
    transfer.close();
    await sets.discard(set.id);
    goTo("#/products");
  };
  const encode = async () => {
    const blocking = physician.blocking();
    const questions = [...blocking, ...(physician.isChecking() ? ["The doctor has not checked all frames yet."] : [])];
    if (questions.length) {
      const items = questions.map((message) => make("li", {}, message));
      const body = [
        make("ul", { class: "plain-list" }, ...items),
        make("p", {}, "The spin will probably look wrong, or encoding will fail."),
      ];
      if (!(await ask({ title: "Encode it anyway?", body, confirm: "Encode anyway" }))) return;
    }
    await sets.commit(set.id);
    transfer.close();
    announce("Encoding begins.");
    await onCommitted();
  };

  files = fileList(transfer, remove);
  physician = doctor(set.id, { onMend: mend }, signal);
  transfer.onChange = () => signal.aborted || draw();
  transfer.onArrived = () => signal.aborted || changed();
  transfer.mount(drop, "PNG, JPEG, TIFF or WebP; zip and tar are unpacked", signal);
  signal.addEventListener("abort", () => clearTimeout(reloading));
  // Files dropped beside the target are taken too.
  const dropBeside = ({ target, dataTransfer }: DragEvent) => {
    if (dataTransfer?.types.includes("Files") && !drop.contains(target as Node)) void transfer.drop(dataTransfer);
  };
  document.addEventListener("drop", dropBeside, { signal });

  page.replaceChildren(
    headOf(set, button("Discard", discard, { id: "discard", class: "plain" })),
    make(
      "div",
      { class: "columns" },
      make(
        "div",
        { class: "column" },
        panel("Frames", { id: "frames" }, drop, pickers(transfer), leftOut, totals, bar, again, files.element),
      ),
      make(
        "div",
        { class: "column" },
        physician.element,
        settingsForm(set),
        make("div", { class: "panel commit" }, commit, hint),
      ),
    ),
  );
  draw();
}

/** A committed set: its job and its frames. */
function showCommitted(page: HTMLElement, set: Frameset, signal: AbortSignal): void {
  const ready = (configuration: string, version: number) => {
    expectTurn(configuration, version);
    goTo(configurationHash(configuration, version));
  };
  const job = set.job
    ? jobPanel(set.job, ready, signal)
    : panel("Encoding", { id: "job" }, make("p", {}, "The job of this set no longer exists."));
  const names = (set.files ?? []).map(({ name, bytes }) =>
    make(
      "li",
      { "data-state": "done" },
      make("span", { class: "name" }, name),
      make("span", { class: "size" }, sizeOf(bytes)),
    ),
  );
  const summary = `${count(set.frames, "frame")}, ${sizeOf(set.bytes)}`;
  page.replaceChildren(
    headOf(
      set,
      badge("Committed", "quiet-badge"),
      button("New frames for it", () => startSet(set.product, set.choices), { id: "new-frames", class: "plain" }),
    ),
    make(
      "div",
      { class: "columns" },
      make(
        "div",
        { class: "column" },
        job,
        panel(
          "Frames",
          { id: "frames" },
          make("details", {}, make("summary", {}, summary), make("ul", { class: "files" }, ...names)),
        ),
      ),
      make("div", { class: "column" }, doctor(set.id, {}, signal).element, settingsForm(set)),
    ),
  );
}

/** Buttons that choose folders and files, as an alternative to dragging. */
function pickers(transfer: Transfer): HTMLElement {
  const picker = (
    id: string,
    label: string,
    attributes: Record<string, string | boolean>,
    accept: (files: FileList_) => void,
  ) => {
    const input = make("input", {
      type: "file",
      id: `${id}-input`,
      multiple: true,
      hidden: true,
      "aria-label": label,
      ...attributes,
    });
    input.addEventListener("change", () => {
      if (input.files) accept(input.files);
      // The same files may be picked again.
      input.value = "";
    });
    return [button(label, () => input.click(), { id, class: "plain" }), input];
  };
  return make(
    "div",
    { class: "actions" },
    ...picker("pick-folder", "Choose a folder", { webkitdirectory: true }, (files) => transfer.add(files)),
    ...picker(
      "pick-files",
      "Choose files",
      { accept: "image/png,image/jpeg,image/tiff,image/webp,.zip,.tar" },
      (files) => transfer.add(files),
    ),
  );
}
type FileList_ = globalThis.FileList;

function noteStored(transfer: Transfer, set: Frameset): void {
  transfer.stored = new Map((set.files ?? []).map(({ name, bytes }) => [name, bytes]));
  transfer.digests = new Map((set.files ?? []).map(({ name, digest }) => [name, digest]));
}

/** The content of the set while nothing is uploading. */
function restInWords({ stored, totals }: Transfer): string {
  const bytes = [...stored.values()].reduce((sum, one) => sum + one, 0);
  const parts = stored.size ? [`${count(stored.size, "frame")}, ${sizeOf(bytes)}`] : [];
  if (totals.failed) parts.push(`${totals.failed} failed`);
  return parts.join(", ");
}
