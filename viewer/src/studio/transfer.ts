// Uploads into a frame set. A transfer lives as long as the tab: the artist may open other pages meanwhile.
//
// Uppy and tus send six files at once and resume by themselves after a lost connection. After a reload they resume
// once the same files are dropped again: begun uploads are remembered by frame set, file name, size and date, and what has
// not arrived by its name.

import Uppy, { type Meta, type UppyFile } from "@uppy/core";
import Tus, { type TusBody } from "@uppy/tus";
import type { Frameset } from "../api";
import { problemOf, reportSignedOut } from "./api";
import { folderOf, isArchive } from "./leave-out";
import { Meter } from "./meter";
import { Sent } from "./sent";
import type { Dropped, LeftOut } from "./sorting";

const ENDPOINT = "/api/uploads";
const AT_ONCE = 6;
/** A server that restarts is back within a minute. Each chunk that arrives begins the list again. */
const RETRY_DELAYS_MS = [0, 500, 1000, 2000, 4000, 8000, 8000, 8000, 16000, 16000];
const REPORT_EVERY_MS = 120;
/** While files are under way, what is shown is drawn again so often, even where nothing comes. */
const TICK_MS = 1_000;
/** After so long without a byte the speed of before is no longer true. */
const SILENT_MS = 10_000;

export interface SentFile {
  name: string;
  bytes: number;
  sent: number;
  state: "waiting" | "uploading" | "unpacking" | "done" | "failed";
  /** Why it failed. */
  why?: string;
  /** It failed because the session had ended. */
  isSignedOut?: boolean;
  /** It failed because the server could not be reached. */
  isCutOff?: boolean;
}

/** Whether bytes go: the browser may be offline, or the server silent. */
export type Line = "goes" | "offline" | "silent";

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

export interface UnderWay {
  set: string;
  /** What the set is called, where that is known. */
  label: string;
  /** Files that are not here yet. */
  left: number;
  /** Another set's files come first. */
  waits: boolean;
}

/** Frame sets that files are being uploaded to. */
export function transfersUnderWay(): UnderWay[] {
  const all = [...transfers.values()].map(({ set, label, totals, isQueued }) => ({
    set,
    label,
    left: totals.files - totals.here - totals.failed,
    waits: isQueued,
  }));
  return all.filter(({ left }) => left > 0);
}

let last: Promise<void> = Promise.resolve();

/** Uploads the files of several sets, one set after the other. */
export function takeInTurn(parts: { transfer: Transfer; files: Dropped[] }[]): void {
  for (const { transfer, files } of parts) {
    transfer.take(files, last);
    last = last.then(() => transfer.idle());
  }
}

/** After a sign-in: uploads that failed because the session had ended are retried. */
export function resumeAfterSignIn(): void {
  for (const transfer of transfers.values()) {
    for (const { name, isSignedOut } of transfer.files.values()) if (isSignedOut) transfer.retry(name);
  }
}

/** The browser is online again: what was given up meanwhile is retried. */
export function resumeOnline(): void {
  for (const transfer of transfers.values()) {
    for (const { name, isCutOff } of transfer.files.values()) if (isCutOff) transfer.retry(name);
    transfer.noteLine();
  }
}

/** The browser is offline. */
export function noteOffline(): void {
  for (const transfer of transfers.values()) transfer.noteLine();
}

export function onTransfers(listener: () => void): void {
  listeners.add(listener);
}

export class Transfer {
  /** By name: a file replaces an earlier one of the same name. */
  readonly files = new Map<string, SentFile>();
  leftOut: LeftOut[] = [];
  /** What the set is called. */
  label = "";
  /** Its files wait until those of another set are uploaded. */
  isQueued = false;
  /** Files of a drop that the server has already. */
  alreadyHere = 0;
  onChange: () => void = () => {};
  /** The server has added a file to the set. */
  onArrived: () => void = () => {};
  /** Names and bytes of the files that the server has. */
  stored = new Map<string, number>();
  /** Names and digests of these files, as far as they are known. */
  digests = new Map<string, string>();
  /** The revision of the set as it was last seen. */
  revision = "";
  /** The artist's own files, by the names that they have in the set. */
  readonly sources = new Map<string, File>();

  #uppy: Uppy<Meta, TusBody>;
  #ids = new Map<string, string>();
  #meter = new Meter();
  #sent: Sent;
  #telling = 0;
  #ticking = 0;
  #heardAt = performance.now();
  #isClosed = false;
  #onIdle: (() => void)[] = [];

  constructor(readonly set: string) {
    this.#sent = new Sent(set);
    // The id becomes part of each file's, so that uploads of one set are not taken for another's.
    this.#uppy = new Uppy<Meta, TusBody>({
      id: `set-${set}`,
      autoProceed: true,
      meta: { frameset: set },
      onBeforeFileAdded: () => true,
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

  /** Whether bytes go. */
  get line(): Line {
    if (navigator.onLine === false) return "offline";
    if (this.isQueued) return "goes";
    const sends = [...this.files.values()].some(({ state }) => state === "uploading" || state === "waiting");
    return sends && performance.now() - this.#heardAt > SILENT_MS ? "silent" : "goes";
  }

  /** Names of files that were dropped, now or before a reload, and that are neither here nor on their way. */
  get missing(): string[] {
    const isOnItsWay = (name: string) =>
      ["waiting", "uploading", "unpacking"].includes(this.files.get(name)?.state ?? "");
    return this.#sent.announced().filter((name) => !isOnItsWay(name));
  }

  /** What is missing is no longer waited for. */
  forgetMissing(): void {
    for (const name of this.missing) this.remove(name);
  }

  /** Notes which files the server has. */
  noteStored(set: Frameset): void {
    const files = set.files ?? [];
    this.stored = new Map(files.map(({ name, bytes }) => [name, bytes]));
    this.digests = new Map(files.map(({ name, digest }) => [name, digest]));
    this.revision = set.revision ?? "";
    this.#sent.forgetArrived(files);
  }

  /** Takes files of one turn, and uploads them once the promise is kept. */
  take(dropped: Dropped[], when?: Promise<void>): void {
    const taken = new Map<string, Dropped>();
    for (const one of dropped) {
      // As the server stores it: a Mac may give the letter and the accent of an é as two characters.
      const name = (one.path.split("/").at(-1) ?? "").normalize("NFC");
      const other = taken.get(name);
      if (other) {
        const folder = folderOf(other.path) || "above";
        this.leaveOut([{ name: one.path, why: `the folder “${folder}” has a file of this name` }]);
      } else if (this.#needs(name, one.file)) {
        taken.set(name, one);
      }
    }
    for (const [name, { file }] of taken) {
      this.remove(name);
      this.sources.set(name, file);
      this.files.set(name, { name, bytes: file.size, sent: 0, state: "waiting" });
    }
    this.#sent.announce([...taken].map(([name, { file }]) => ({ name, size: file.size })));
    this.#heardAt = performance.now();
    this.#report();
    this.isQueued = !!when;
    void Promise.resolve(when).then(() => {
      this.isQueued = false;
      // Meanwhile the artist may have removed some.
      const wanted = [...taken].filter(([name, { file }]) => this.files.get(name)?.bytes === file.size);
      const all = wanted.map(([name, { file }]) => ({ source: "studio", name, type: file.type, data: file }));
      this.#heardAt = performance.now();
      if (!this.#isClosed) this.#uppy.addFiles(all as Parameters<Uppy<Meta, TusBody>["addFiles"]>[0]);
    });
  }

  /** Lists files that were dropped and are not taken. */
  leaveOut(files: LeftOut[]): void {
    const isKnown = ({ name }: LeftOut) => this.leftOut.some((known) => known.name === name);
    this.leftOut.push(...files.filter((file) => !isKnown(file)));
    this.#report();
  }

  /** Takes a file in that was left out. */
  takeIn(file: LeftOut): void {
    this.leftOut = this.leftOut.filter((other) => other !== file);
    if (file.dropped) this.take([file.dropped]);
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
      this.#report();
    });
  }

  /** The browser has come online, or gone. */
  noteLine(): void {
    this.#meter.reset();
    this.#heardAt = performance.now();
    this.#report();
  }

  /** Retries what failed: one file, or all of them. */
  retry(name?: string): void {
    for (const file of this.files.values()) {
      if (file.state !== "failed" || (name && file.name !== name)) continue;
      Object.assign(file, { state: "waiting", sent: 0, isSignedOut: false, isCutOff: false });
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
    this.sources.delete(name);
    this.#sent.remove(name);
    this.#report();
  }

  /** The set's frames have other names by now. */
  rename(names: Record<string, string>): void {
    const sources = [...this.sources].map(([name, file]): [string, File] => [names[name] ?? name, file]);
    for (const name of Object.keys(names)) this.remove(name);
    for (const [name, file] of sources) this.sources.set(name, file);
  }

  /** Removes the files that were uploaded and that the set does not contain any more. */
  removeMissing(): void {
    for (const { name, state } of this.files.values()) {
      if (state === "done" && !isArchive(name) && !this.stored.has(name)) this.remove(name);
    }
  }

  /** Ends all uploads: the set takes no more files. */
  close(): void {
    this.#isClosed = true;
    this.#uppy.destroy();
    this.#sent.clear();
    this.files.clear();
    transfers.delete(this.set);
    this.#report();
  }

  /** Whether a file has to be uploaded: the server has it not, and it is not on its way. */
  #needs(name: string, file: File): boolean {
    const before = this.files.get(name);
    const isOnItsWay = before && before.state !== "failed" && before.state !== "done" && before.bytes === file.size;
    const isHere = this.stored.get(name) === file.size && this.#sent.knows(name, file);
    if (isHere) this.alreadyHere += 1;
    return !isHere && !isOnItsWay;
  }

  #begin(file: File_): void {
    this.#ids.set(file.name, file.id);
  }

  #go(file: File_, sent: number): void {
    const row = this.files.get(file.name);
    if (!row || row.state === "done") return;
    if (sent > row.sent) this.#heardAt = performance.now();
    row.sent = Math.min(sent, row.bytes);
    row.state = isArchive(row.name) && row.sent === row.bytes ? "unpacking" : "uploading";
    this.#meter.note(this.totals.sent, performance.now());
    this.#report();
  }

  #arrive(file: File_): void {
    const row = this.files.get(file.name);
    if (!row) return;
    Object.assign(row, { state: "done", sent: row.bytes });
    this.#heardAt = performance.now();
    if (isArchive(row.name)) {
      this.#sent.remove(row.name);
    } else {
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
    Object.assign(row, { state: "failed", why, sent: 0, isSignedOut: status === 401, isCutOff: !status });
    if (status === 401) reportSignedOut();
    else if (!status) console.warn(error);
    this.#report();
  }

  /** Hundreds of files make thousands of events; the page is drawn a few times a second. */
  #report(): void {
    this.#telling ||= window.setTimeout(() => {
      this.#telling = 0;
      clearTimeout(this.#ticking);
      if (this.isUnderWay) {
        this.#ticking = window.setTimeout(() => this.#report(), TICK_MS);
      } else {
        this.#meter.reset();
        for (const resolve of this.#onIdle.splice(0)) resolve();
      }
      this.onChange();
      listeners.forEach((listener) => listener());
    }, REPORT_EVERY_MS);
  }
}
