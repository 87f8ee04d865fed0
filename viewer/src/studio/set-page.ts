// A frame set: its files, the doctor's findings, its settings, and its encoding.

import type { Frameset, ListedOption } from "../api";
import { count, make } from "../page";
import { announce, announceProgress } from "./announce";
import { products, sets, wordsOf } from "./api";
import { expectTurn } from "./arrival";
import { contactSheet } from "./contact-sheet";
import { type Doctor, doctor } from "./doctor";
import { drawLeftOut, drawMissing, type FileList, fileList, totalsInWords } from "./file-list";
import { dropTarget } from "./intake";
import { jobPanel } from "./job-panel";
import { openSet, startSet } from "./new-set";
import { configurationHash, goTo, setHash } from "./routes";
import { settingsForm } from "./settings-form";
import { type Dropped, sort, type Turn } from "./sorting";
import { type Transfer, takeInTurn, transferOf } from "./transfer";
import { byNumber, renamesFor, withExtensionOf } from "./turn-order";
import { type Assigned, askForTurns } from "./turns-form";
import { ask, badge, button, link, panel, tellFailure } from "./widgets";
import { agoOf, choicesInWords, dateOf, listOf, pieceInWords, sizeOf, titleOf } from "./words";

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
  transfer.noteStored(set);
  transfer.label = choicesInWords(set.choices);

  const totals = make("p", { id: "totals", class: "totals" });
  const bar = make("progress", { max: 1, "aria-label": "All files, sent", hidden: true });
  const leftOut = make("div", { class: "note", id: "left-out", role: "status", hidden: true });
  const again = button("Retry failed files", () => transfer.retry(), {
    class: "plain",
    id: "retry-files",
    hidden: true,
  });
  const missing = make("div", { class: "note warn", id: "missing", role: "status", hidden: true });
  const others = make("p", { class: "note", id: "other-sets", hidden: true });
  const commit = button("Encode", () => encode(), { id: "commit", disabled: true });
  const hint = make("p", { class: "quiet small", id: "commit-hint" });
  commit.setAttribute("aria-describedby", hint.id);

  let files: FileList;
  let physician: Doctor;
  let reloading = 0;
  let wasUnderWay = false;

  const reload = async () => {
    reloading = 0;
    try {
      const fresh = await sets.show(set.id);
      // Another artist committed it, or the last announced frame has arrived.
      if (fresh.state === "committed") return await onCommitted();
      transfer.noteStored(fresh);
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
    drawMissing(missing, transfer);
    files.draw();
    if (isUnderWay || transfer.totals.failed) list.open = true;
    else if (wasUnderWay) list.open = false;
    wasUnderWay = isUnderWay;
    drop.classList.toggle("small", !!files.element.children.length);
    listed.textContent = count(files.element.children.length, "file");
    list.hidden = !files.element.children.length;
    sheet.draw();
    const lacks = transfer.missing.length;
    commit.disabled = !frames || isUnderWay || !!lacks;
    hint.textContent = isUnderWay
      ? "Available once all files are uploaded."
      : lacks
        ? `${count(lacks, "file")} of the drop ${lacks === 1 ? "has" : "have"} not arrived.`
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
    transfer.noteStored(fresh.files ? fresh : await sets.show(set.id));
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
    if (physician.isChecking()) hint.textContent = "The doctor looks at the frames first.";
    await physician.settled();
    if (signal.aborted) return;
    draw();
    // Files that were dropped meanwhile are waited for.
    if (commit.disabled) return;
    const { messages, revision } = physician.asked();
    const questions = [...messages, ...(physician.isChecking() ? ["The doctor could not check the frames."] : [])];
    if (questions.length) {
      const items = questions.map((message) => make("li", {}, message));
      const body = [
        make("ul", { class: "plain-list" }, ...items),
        make("p", {}, "Visitors will see it, or encoding will fail."),
      ];
      if (!(await ask({ title: "Encode it anyway?", body, confirm: "Encode anyway" }))) return;
    }
    await sets.commit(set.id, messages.length ? revision : undefined);
    transfer.close();
    announce("Encoding begins.");
    await onCommitted();
  };

  const receive = async (dropped: Dropped[]) => {
    const { turns, leftOut } = sort(dropped, [...new Set([...transfer.stored.keys(), ...transfer.files.keys()])]);
    if (turns.length > 1) {
      const listed = (await products.list()).find(({ id }) => id === set.product)?.options;
      const assigned = await askForTurns(turns, listed ?? optionsOf(set), set.choices);
      if (assigned) await takeAssigned(assigned);
      return;
    }
    transfer.leaveOut(leftOut);
    transfer.take(turns.flatMap(({ files }: Turn) => files));
  };
  const takeAssigned = async (assigned: Assigned[]) => {
    const isOwn = ({ choices }: Assigned) => choicesInWords(choices) === choicesInWords(set.choices);
    const { settings } = await sets.show(set.id);
    const parts = [];
    const links = [];
    for (const one of [...assigned].sort((a, b) => Number(isOwn(b)) - Number(isOwn(a)))) {
      const { turns, leftOut } = sort(one.turn.files);
      const to = isOwn(one) ? set : await openSet(set.product, one.choices);
      if (!to) {
        transfer.leaveOut([{ name: one.turn.name, why: "its choices are not to be created: drop it again" }]);
        continue;
      }
      if (to !== set) {
        await sets.change(to.id, settings);
        links.push(link(choicesInWords(one.choices), setHash(to.id)));
      }
      const part = transferOf(to.id);
      part.label = choicesInWords(one.choices);
      part.leaveOut(leftOut);
      parts.push({ transfer: part, files: turns.flatMap(({ files }) => files) });
    }
    takeInTurn(parts);
    const separated = links.flatMap((one, index) => (index ? [", ", one] : [one]));
    others.replaceChildren(`Uploaded into ${links.length === 1 ? "a set" : "sets"} of their own: `, ...separated, ".");
    others.hidden = !links.length;
    announce(`${count(parts.length, "set")}: ${listOf(parts.map(({ transfer }) => transfer.label))}.`);
  };

  const drop = dropTarget(receive, signal);
  files = fileList(transfer, remove);
  const listed = make("summary", {});
  const list = make("details", {}, listed, files.element);
  const order = async (names: string[]) => {
    // Frames that have just arrived have made another revision than the one that the page knows.
    transfer.noteStored(await sets.show(set.id));
    const before = [...transfer.stored.keys()].sort(byNumber);
    const renames = renamesFor(before, names);
    if ([...names].sort(byNumber).join("\n") !== before.join("\n")) {
      draw();
      throw new Error("The set has other frames by now. Order them again.");
    }
    if (!Object.keys(renames).length) return;
    const fresh = await sets.rename(set.id, renames, transfer.revision).catch((error: unknown) => {
      changed();
      throw error;
    });
    transfer.rename(renames);
    transfer.noteStored(fresh);
    draw();
    physician.changed();
  };
  const reverse = async (frames: string[]) => {
    const names = [...transfer.stored.keys()].sort(byNumber);
    const reversed = new Map(frames.map((name, index) => [name, frames.at(-1 - index)!]));
    await order(names.map((name) => reversed.get(name) ?? name));
  };
  const replace = (name: string, file: File) => {
    const fresh = withExtensionOf(name, file.name);
    transfer.take([{ path: fresh, file }]);
    if (fresh !== name) void remove(name).catch(tellFailure);
  };
  const form = settingsForm(set, () => sheet.draw());
  const { setAngles } = form;
  const sheet = contactSheet(transfer, { turned: form.now, order, remove, replace, setAngles }, signal);
  const onTransparent = form.noteTransparent;
  physician = doctor(set.id, { onMend: mend, onReverse: reverse, onTransparent }, signal);
  transfer.onChange = () => signal.aborted || draw();
  transfer.onArrived = () => signal.aborted || changed();
  signal.addEventListener("abort", () => clearTimeout(reloading));

  const inFrames = [drop, others, missing, leftOut, totals, bar, again, sheet.element, list];
  page.replaceChildren(
    headOf(set, button("Discard", discard, { id: "discard", class: "plain" })),
    make(
      "div",
      { class: "columns" },
      make("div", { class: "column" }, panel("Frames", { id: "frames" }, ...inFrames)),
      make(
        "div",
        { class: "column" },
        physician.element,
        form.element,
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
      make("div", { class: "column" }, doctor(set.id, {}, signal).element, settingsForm(set).element),
    ),
  );
}

/** The options of a product that is not listed yet, by the choices of a set of it. */
function optionsOf({ choices }: Frameset): ListedOption[] {
  return Object.entries(choices).map(([name, value]) => ({
    name,
    label: titleOf(name),
    default: value,
    choices: [{ value, label: titleOf(value), swatch: null }],
  }));
}

/** The content of the set while nothing is uploading. */
function restInWords({ stored, totals }: Transfer): string {
  const bytes = [...stored.values()].reduce((sum, one) => sum + one, 0);
  const parts = stored.size ? [`${count(stored.size, "frame")}, ${sizeOf(bytes)}`] : [];
  if (totals.failed) parts.push(`${totals.failed} failed`);
  return parts.join(", ");
}
