// The files that this browser has uploaded into a set: a folder that is dropped again after a reload is not uploaded again.

/** By name, with size and date: a file that was rendered again counts as another one. */
export class Sent {
  #key: string;
  #files: Record<string, string>;

  constructor(readonly set: string) {
    this.#key = `girasol-studio-sent-${set}`;
    this.#files = this.#read();
  }

  knows(name: string, file: File): boolean {
    return this.#files[name] === this.#mark(file);
  }

  note(name: string, file: File): void {
    this.#files[name] = this.#mark(file);
    this.#write();
  }

  remove(name: string): void {
    if (!(name in this.#files)) return;
    delete this.#files[name];
    this.#write();
  }

  /** Removes every record of the set, those of tus too. */
  clear(): void {
    const own = Object.keys(localStorage).filter((key) => key.includes(this.set));
    own.forEach((key) => localStorage.removeItem(key));
  }

  #mark(file: File): string {
    return `${file.size} ${file.lastModified}`;
  }

  #read(): Record<string, string> {
    try {
      return JSON.parse(localStorage.getItem(this.#key) ?? "{}") as Record<string, string>;
    } catch {
      return {};
    }
  }

  #write(): void {
    try {
      localStorage.setItem(this.#key, JSON.stringify(this.#files));
    } catch {
      // The storage is full or forbidden: then files are uploaded again.
    }
  }
}
