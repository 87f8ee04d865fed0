// Files in a folder that are no frames: they are left out, with the reason.

const PICTURES = /\.(png|jpe?g|jpe|jfif|tiff?|webp)$/i;
const ARCHIVES = /\.(zip|tar)$/i;
const OTHER_ARCHIVES = /\.(7z|rar|gz|tgz|bz2|xz|zst)$/i;
const OF_THE_SYSTEM =
  /^(thumbs\.db|ehthumbs(_vista)?\.db|desktop\.ini|icon[\r\uf00d]|\$recycle\.bin|system volume information|@eadir|#recycle)$/i;
const MAX_NAME_BYTES = 200;

/** Why a file is left out; undefined for a frame or an archive of frames. */
export function whyLeftOut(path: string): string | undefined {
  const parts = path.split("/").filter(Boolean);
  const name = parts.at(-1) ?? "";
  if (parts.some((part) => part.toUpperCase() === "__MACOSX")) return "a system file of macOS";
  if (parts.some((part) => part.startsWith("."))) return "hidden";
  if (parts.some((part) => OF_THE_SYSTEM.test(part))) return "a system file";
  if (OTHER_ARCHIVES.test(name)) return "an unsupported archive: send a zip or a tar";
  if (!PICTURES.test(name) && !ARCHIVES.test(name)) return "not PNG, JPEG, TIFF or WebP";
  if (new TextEncoder().encode(name).length > MAX_NAME_BYTES) return "its name is too long";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the characters that are refused.
  if (/[\\:\u0000-\u001f\u007f\ufffd]/.test(name)) return "its name has a character that file systems refuse";
  return undefined;
}

/** Whether the server unpacks it. */
export function isArchive(name: string): boolean {
  return ARCHIVES.test(name);
}

/** The folder that a path names, empty at the top. */
export function folderOf(path: string): string {
  return path.split("/").filter(Boolean).slice(0, -1).join("/");
}
