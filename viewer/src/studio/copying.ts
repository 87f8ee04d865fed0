// Texts that are copied out of the studio.

import { announce } from "./announce";

/** Copies a text; where scripts have no clipboard (without TLS), the field that holds it is selected for copying by hand. */
export async function copy(field: HTMLInputElement | HTMLTextAreaElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(field.value);
    announce("Copied.");
  } catch {
    field.focus();
    field.select();
    announce("Press Control and C to copy.");
  }
}
