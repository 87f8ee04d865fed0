// Uploads by tus, as far as its clients need it, and archives.

import { inflateRawSync } from "node:zlib";
import { id, Problem } from "./http.mjs";
import { open, sets } from "./sets.mjs";

const cutAfter = Number(process.env.MOCK_CUT ?? 0);
export const uploads = new Map();

export async function createUpload(request, response) {
  const fields = String(request.headers["upload-metadata"] ?? "")
    .split(",")
    .map((pair) => pair.trim().split(" "));
  const metadata = Object.fromEntries(
    fields.map(([name, value]) => [name, Buffer.from(value ?? "", "base64").toString()]),
  );
  const upload = {
    id: id(),
    set: open(sets.get(metadata.frameset)),
    name: metadata.filename,
    length: Number(request.headers["upload-length"]),
    bytes: Buffer.alloc(0),
  };
  uploads.set(upload.id, upload);
  const isWith = request.headers["content-type"] === "application/offset+octet-stream";
  if (isWith && !(await receive(request, response, upload))) return undefined;
  return [201, "", "", { Location: `/api/uploads/${upload.id}`, "Upload-Offset": upload.bytes.length }];
}

/** Takes bytes to the end of the request, or to where the connection is cut. Returns whether it came to the end. */
export async function receive(request, response, upload) {
  let taken = 0;
  for await (const part of request) {
    upload.bytes = Buffer.concat([upload.bytes, part]);
    taken += part.length;
    if (cutAfter && taken >= cutAfter && upload.bytes.length < upload.length) return void response.destroy();
  }
  if (upload.bytes.length < upload.length) return true;
  const { set, name, bytes } = upload;
  if (!/\.zip$/i.test(name)) {
    set.files.set(name, bytes);
    return true;
  }
  uploads.delete(upload.id);
  const entries = unzipped(bytes);
  if (!entries.length) throw new Problem(422, "archive", `${name} holds no frame`);
  entries.forEach(([entry, content]) => set.files.set(entry, content));
  return true;
}

/** The pictures of a zip, by the central directory. */
function unzipped(bytes) {
  const end = bytes.lastIndexOf("PK\x05\x06", undefined, "latin1");
  if (end < 0) throw new Problem(422, "archive", "the archive is no zip, or was cut short");
  const entries = [];
  for (let at = bytes.readUInt32LE(end + 16), left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const [method, packed, nameLength, extra, comment, local] = [
      bytes.readUInt16LE(at + 10),
      bytes.readUInt32LE(at + 20),
      bytes.readUInt16LE(at + 28),
      bytes.readUInt16LE(at + 30),
      bytes.readUInt16LE(at + 32),
      bytes.readUInt32LE(at + 42),
    ];
    const name = bytes
      .toString("utf8", at + 46, at + 46 + nameLength)
      .split("/")
      .pop();
    const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const content = bytes.subarray(from, from + packed);
    if (/^[^.].*\.(png|webp)$/i.test(name)) entries.push([name, method ? inflateRawSync(content) : content]);
    at += 46 + nameLength + extra + comment;
  }
  return entries;
}
