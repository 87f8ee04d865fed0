// Uploads into a frame set. A transfer lives as long as the tab: the artist may open other pages meanwhile.
//
// Uppy and tus send six files at once and resume by themselves after a lost connection. After a reload they resume
// once the same files are dropped again: begun uploads are remembered by frame set, file name, size and date.

import Uppy, { type Meta, type UppyFile } from "@uppy/core";
import { getDroppedFiles } from "@uppy/core/utils";
import DragDrop from "@uppy/drag-drop";
import Tus, { type TusBody } from "@uppy/tus";
import { problemOf, reportSignedOut } from "./api";
import { folderOf, isArchive, whyLeftOut } from "./leave-out";
import { Meter } from "./meter";
import { Sent } from "./sent";

const ENDPOINT = "/api/uploads";
const AT_ONCE = 6;
/** A server that restarts is back within a minute. Each chunk that arrives begins the list again. */
const RETRY_DELAYS_MS = [0, 500, 1000, 2000, 4000, 8000, 8000, 8000, 16000, 16000];
const REPORT_EVERY_MS = 120;

export interface SentFile {
  name: string;
  bytes: number;
  sent: number;
  state: "waiting" | "uploading" | "unpacking" | "done" | "failed";
  /** Why it failed. */
  why?: string;
  /** It failed because the session had ended. */
  isSignedOut?: boolean;
}

export interface LeftOut {
  name: string;
  why: string;
}

export interface Totals {
  files: number;
  here: number;
  failed: number;
  bytes: number;
  sent: number;
  bytesPerSecond: number | undefined;
  leftMs: number | undefined;
}

type File_ = UppyFile<Meta, TusBody>;

const transfers = new Map<string, Transfer>();
const listeners = new Set<() => void>();

/** The transfer into a set, created at its first use. */
export function transferOf(set: string): Transfer {
  let transfer = transfers.get(set);
  if (!transfer) transfers.set(set, (transfer = new Transfer(set)));
  return transfer;
}

/** Frame sets that files are being uploaded to, and how many are left. */
export function transfersUnderWay(): { set: string; left: number }[] {
  const all = [...transfers.values()].map(({ set, totals }) => ({
    set,
    left: totals.files - totals.here - totals.failed,
  }));
  return all.filter(({ left }) => left > 0);
}

/** After a sign-in: uploads that failed because the session had ended are retried. */
export function resumeAfterSignIn(): void {
  for (const transfer of transfers.values()) {
    for (const { name, isSignedOut } of transfer.files.values()) if (isSignedOut) transfer.retry(name);
  }
}

export function onTransfers(listener: () => void): void {
  listeners.add(listener);
}

export class Transfer {
  /** By name: a file replaces an earlier one of the same name. */
  readonly files = new Map<string, SentFile>();
  readonly leftOut: LeftOut[] = [];
  /** Files of a drop that the server has already. */
  alreadyHere = 0;
  onChange: () => void = () => {};
  /** The server has added a file to the set. */
  onArrived: () => void = () => {};
  /** Names and bytes of the files that the server has. */
  stored = new Map<string, number>();
  /** Names and digests of these files, as far as they are known. */
  digests = new Map<string, string>();

  #uppy: Uppy<Meta, TusBody>;
  #ids = new Map<string, string>();
  #meter = new Meter();
  #sent: Sent;
  /** Folders of the files that came with one drop. */
  #drop = new Map<string, string>();
  #telling = 0;

  constructor(readonly set: string) {
    this.#sent = new Sent(set);
    // The id becomes part of each file's, so that uploads of one set are not taken for another's.
    this.#uppy = new Uppy<Meta, TusBody>({
      id: `set-${set}`,
      autoProceed: true,
      meta: { frameset: set },
      onBeforeFileAdded: (file) => this.#takes(file),
    });
    this.#uppy.use(Tus, {
      endpoint: ENDPOINT,
      limit: AT_ONCE,
      retryDelays: RETRY_DELAYS_MS,
      allowedMetaFields: ["frameset", "name"],
      // A file that was removed from the set may be sent again.
      removeFingerprintOnSuccess: true,
    });
    this.#uppy.on("file-added", (file) => this.#begin(file));
    this.#uppy.on("upload-progress", (file, progress) => file && this.#go(file, progress.bytesUploaded));
    this.#uppy.on("upload-success", (file) => file && this.#arrive(file));
    this.#uppy.on("upload-error", (file, error, response) => file && this.#fail(file, error, response));
  }

  get totals(): Totals {
    const totals: Totals = {
      files: 0,
      here: 0,
      failed: 0,
      bytes: 0,
      sent: 0,
      bytesPerSecond: undefined,
      leftMs: undefined,
    };
    for (const file of this.files.values()) {
      totals.files += 1;
      if (file.state === "done") totals.here += 1;
      if (file.state === "failed") totals.failed += 1;
      if (file.state === "failed") continue;
      totals.bytes += file.bytes;
      totals.sent += file.sent;
    }
    const now = performance.now();
    totals.bytesPerSecond = this.#meter.speed(now);
    totals.leftMs = this.#meter.left(totals.bytes - totals.sent, now);
    return totals;
  }

  get isUnderWay(): boolean {
    const { files, here, failed } = this.totals;
    return files > here + failed;
  }

  /** Shows Uppy's drop target; it is removed with the page. */
  mount(target: HTMLElement, note: string, signal: AbortSignal): void {
    const strings = { dropHereOr: "Drop a folder, frames or a zip here, or %{browse}", browse: "choose files" };
    this.#uppy.use(DragDrop, { target, note, inputName: "frames", locale: { strings } });
    signal.addEventListener("abort", () => {
      const plugin = this.#uppy.getPlugin("DragDrop");
      if (plugin) this.#uppy.removePlugin(plugin);
    });
  }

  /** Adds what was dropped beside the target. */
  async drop(data: DataTransfer): Promise<void> {
    this.add(await getDroppedFiles(data));
  }

  /** Adds what was picked. */
  add(files: Iterable<File>): void {
    const all = [...files].map((data) => ({ source: "picker", name: data.name, type: data.type, data }));
    this.#uppy.addFiles(all as Parameters<Uppy<Meta, TusBody>["addFiles"]>[0]);
    this.#report();
  }

  /** Retries what failed: one file, or all of them. */
  retry(name?: string): void {
    for (const file of this.files.values()) {
      if (file.state !== "failed" || (name && file.name !== name)) continue;
      Object.assign(file, { state: "waiting", sent: 0, isSignedOut: false });
      delete file.why;
      const id = this.#ids.get(file.name);
      if (id) void this.#uppy.retryUpload(id).catch(() => {});
    }
    this.#report();
  }

  /** Removes a file, whether it is waiting, uploading or uploaded in part. */
  remove(name: string): void {
    const id = this.#ids.get(name);
    if (id && this.#uppy.getFile(id)) this.#uppy.removeFile(id);
    this.#ids.delete(name);
    this.files.delete(name);
    this.#sent.remove(name);
    this.#report();
  }

  /** Removes the files that were uploaded and that the set does not contain any more. */
  removeMissing(): void {
    for (const { name, state } of this.files.values()) {
      if (state === "done" && !isArchive(name) && !this.stored.has(name)) this.remove(name);
    }
  }

  /** Ends all uploads: the set takes no more files. */
  close(): void {
    this.#uppy.destroy();
    this.#sent.clear();
    transfers.delete(this.set);
    this.#report();
  }

  #takes(file: File_): boolean {
    // As the server stores it: a Mac may give the letter and the accent of an é as two characters.
    file.name = file.meta.name = file.name.normalize("NFC");
    const data = file.data as File & { relativePath?: string };
    const path = String(file.meta.relativePath ?? "") || data.relativePath || data.webkitRelativePath || file.name;
    const why = whyLeftOut(path) ?? this.#clash(file.name, folderOf(path));
    if (why) {
      if (!this.leftOut.some(({ name }) => name === path)) this.leftOut.push({ name: path, why });
      this.#report();
      return false;
    }
    const before = this.files.get(file.name);
    const isOnItsWay = before && before.state !== "failed" && before.state !== "done";
    const isHere = this.stored.get(file.name) === data.size && this.#sent.knows(file.name, data);
    if (isHere) this.alreadyHere += 1;
    if (isHere || (isOnItsWay && this.#ids.get(file.name) === file.id)) {
      this.#report();
      return false;
    }
    this.remove(file.name);
    return true;
  }

  /** Frames of two folders would replace one another. Between two drops this is intended: a frame was rendered again. */
  #clash(name: string, folder: string): string | undefined {
    if (!this.#drop.size) setTimeout(() => this.#drop.clear());
    const other = this.#drop.get(name);
    if (other === undefined) this.#drop.set(name, folder);
    if (other === undefined || other === folder) return undefined;
    return `the folder “${other || "above"}” has a file of this name: send one turn at a time`;
  }

  #begin(file: File_): void {
    const { name } = file;
    this.#ids.set(name, file.id);
    this.files.set(name, { name, bytes: (file.data as File).size, sent: 0, state: "waiting" });
    this.#report();
  }

  #go(file: File_, sent: number): void {
    const row = this.files.get(file.name);
    if (!row || row.state === "done") return;
    row.sent = Math.min(sent, row.bytes);
    row.state = isArchive(row.name) && row.sent === row.bytes ? "unpacking" : "uploading";
    this.#meter.note(this.totals.sent, performance.now());
    this.#report();
  }

  #arrive(file: File_): void {
    const row = this.files.get(file.name);
    if (!row) return;
    Object.assign(row, { state: "done", sent: row.bytes });
    if (!isArchive(row.name)) {
      this.stored.set(row.name, row.bytes);
      this.digests.delete(row.name);
      this.#sent.note(row.name, file.data as File);
    }
    this.#report();
    this.onArrived();
  }

  #fail(file: File_, error: Error, response?: { status?: number; body?: unknown }): void {
    const row = this.files.get(file.name);
    if (!row) return;
    const status = response?.status ?? 0;
    const body = (response?.body as TusBody | undefined)?.xhr?.responseText ?? "";
    const why = status ? problemOf(status, body).message : "The connection was lost for too long.";
    Object.assign(row, { state: "failed", why, sent: 0, isSignedOut: status === 401 });
    if (status === 401) reportSignedOut();
    else if (!status) console.warn(error);
    this.#report();
  }

  /** Hundreds of files make thousands of events; the page is drawn a few times a second. */
  #report(): void {
    this.#telling ||= window.setTimeout(() => {
      this.#telling = 0;
      if (!this.isUnderWay) this.#meter.reset();
      this.onChange();
      listeners.forEach((listener) => listener());
    }, REPORT_EVERY_MS);
  }
}
