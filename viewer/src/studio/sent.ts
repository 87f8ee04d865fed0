// What this browser knows of the files of a set after a reload: those that it has uploaded, which are not uploaded again
// when their folder is dropped again, and those that were dropped and have not arrived.

import { Kept } from "./kept";

export class Sent {
  /** By name, with size and date: a file that was rendered again counts as another one. */
  #sent: Kept;
  /** By name, with the size. */
  #announced: Kept;

  constructor(readonly set: string) {
    this.#sent = new Kept(`girasol-studio-sent-${set}`);
    this.#announced = new Kept(`girasol-studio-announced-${set}`);
  }

  knows(name: string, file: File): boolean {
    return this.#sent.get(name) === markOf(file);
  }

  note(name: string, file: File): void {
    this.#sent.set([[name, markOf(file)]]);
    this.#announced.remove(name);
  }

  remove(name: string): void {
    this.#sent.remove(name);
    this.#announced.remove(name);
  }

  /** Notes files that are to be uploaded. */
  announce(files: { name: string; size: number }[]): void {
    this.#announced.set(files.map(({ name, size }) => [name, String(size)]));
  }

  /** Names of the files that were announced and that have neither arrived nor been removed. */
  announced(): string[] {
    return this.#announced.names();
  }

  /** Files that the server has, with as many bytes as were announced, are no longer waited for. */
  forgetArrived(files: { name: string; bytes: number }[]): void {
    const arrived = files.filter(({ name, bytes }) => this.#announced.get(name) === String(bytes));
    this.#announced.remove(...arrived.map(({ name }) => name));
  }

  /** Removes every record of the set, those of tus too. */
  clear(): void {
    const own = Object.keys(localStorage).filter((key) => key.includes(this.set));
    own.forEach((key) => localStorage.removeItem(key));
  }
}

function markOf(file: File): string {
  return `${file.size} ${file.lastModified}`;
}
