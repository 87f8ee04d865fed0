// A record that outlives a reload, in the browser's storage.

export class Kept {
  readonly #key: string;
  #entries: Record<string, string>;

  constructor(key: string) {
    this.#key = key;
    this.#entries = this.#read();
  }

  names(): string[] {
    return Object.keys(this.#entries);
  }

  get(name: string): string | undefined {
    return Object.hasOwn(this.#entries, name) ? this.#entries[name] : undefined;
  }

  set(entries: [string, string][]): void {
    if (entries.every(([name, value]) => this.get(name) === value)) return;
    this.#entries = { ...this.#entries, ...Object.fromEntries(entries) };
    this.#write();
  }

  remove(...names: string[]): void {
    const known = names.filter((name) => Object.hasOwn(this.#entries, name));
    if (!known.length) return;
    for (const name of known) delete this.#entries[name];
    this.#write();
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
      if (this.names().length) localStorage.setItem(this.#key, JSON.stringify(this.#entries));
      else localStorage.removeItem(this.#key);
    } catch {
      // The storage is full or forbidden: the record then lasts as long as the page.
    }
  }
}
