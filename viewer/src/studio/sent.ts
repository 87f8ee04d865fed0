// What was sent into a set from here, so that a folder dropped again after a reload is not sent again.

/** By name, with the size and the date of each: a file that was rendered again is another one. */
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

  forget(name: string): void {
    if (!(name in this.#files)) return;
    delete this.#files[name];
    this.#write();
  }

  /** Forgets the set, and which of its uploads tus was to go on with. */
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
      // Full, or forbidden: then files are sent again.
    }
  }
}
