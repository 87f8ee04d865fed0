// Small pictures of a set's frames: of the artist's own files where the page has them, else from the server.

import { sets } from "./api";
import type { Transfer } from "./transfer";

/** All pictures of a set take at most so many bytes of memory, four a pixel. */
const MAX_BYTES = 64_000_000;
const SIDES = { least: 96, most: 480 };
const AT_ONCE = 2;

/** How large each picture of a set of so many frames may be. */
export function sideFor(frames: number): number {
  const side = Math.floor(Math.sqrt(MAX_BYTES / 4 / Math.max(1, frames)));
  return Math.min(SIDES.most, Math.max(SIDES.least, side));
}

export class FramePictures {
  /** By name; the key changes with the content. */
  #pictures = new Map<string, { key: string; picture: ImageBitmap | undefined }>();
  #waiting: string[] = [];
  #loading = new Set<string>();
  #isOver = false;

  /** `onPicture` hears of each frame whose picture has come. */
  constructor(
    readonly transfer: Transfer,
    readonly onPicture: (name: string) => void,
  ) {}

  get(name: string): ImageBitmap | undefined {
    return this.#pictures.get(name)?.picture;
  }

  /** Loads what is missing of these, the first ones first, and forgets all others. */
  show(names: string[]): void {
    const wanted = new Set(names);
    for (const [name, { picture }] of this.#pictures) {
      if (wanted.has(name)) continue;
      picture?.close();
      this.#pictures.delete(name);
    }
    this.#waiting = names.filter((name) => this.#pictures.get(name)?.key !== this.#keyOf(name));
    this.#load();
  }

  close(): void {
    this.#isOver = true;
    this.show([]);
  }

  #load(): void {
    while (this.#loading.size < AT_ONCE) {
      const at = this.#waiting.findIndex((name) => !this.#loading.has(name));
      const name = this.#waiting[at];
      if (name === undefined) return;
      this.#waiting.splice(at, 1);
      this.#loading.add(name);
      void this.#loadOne(name).finally(() => {
        this.#loading.delete(name);
        this.#load();
      });
    }
  }

  async #loadOne(name: string): Promise<void> {
    const key = this.#keyOf(name);
    const side = sideFor(this.transfer.stored.size);
    const picture = await pictureOf(this.transfer, name, side).catch(() => undefined);
    if (this.#isOver || this.#keyOf(name) !== key) return picture?.close();
    this.#pictures.get(name)?.picture?.close();
    this.#pictures.set(name, { key, picture });
    this.onPicture(name);
  }

  #keyOf(name: string): string {
    const file = this.transfer.sources.get(name);
    return file ? `${file.size} ${file.lastModified}` : (this.transfer.digests.get(name) ?? "");
  }
}

/** TIFF, and what was sent before a reload, is made small by the server. */
async function pictureOf(transfer: Transfer, name: string, side: number): Promise<ImageBitmap> {
  const file = transfer.sources.get(name);
  const local = file && (await small(file, side).catch(() => undefined));
  return local ?? (await small(await sets.thumbnail(transfer.set, name), side));
}

async function small(image: Blob, side: number): Promise<ImageBitmap> {
  const whole = await createImageBitmap(image);
  const scale = Math.min(1, side / Math.max(whole.width, whole.height));
  if (scale === 1) return whole;
  try {
    return await createImageBitmap(whole, {
      resizeWidth: Math.max(1, Math.round(whole.width * scale)),
      resizeHeight: Math.max(1, Math.round(whole.height * scale)),
      resizeQuality: "medium",
    });
  } finally {
    whole.close();
  }
}
