// Problems, bodies and answers.

import { randomBytes } from "node:crypto";

export const id = () => randomBytes(16).toString("hex");
export const now = () => new Date().toISOString();
export const json = (status, body) => [status, "application/json", JSON.stringify(body)];

export class Problem extends Error {
  constructor(status, slug, detail, members = {}) {
    super(detail);
    Object.assign(this, { status, slug, members });
  }
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

export async function jsonOf(request) {
  return JSON.parse((await bodyOf(request)).toString() || "{}");
}

export const found = (thing, slug = "not-found") => {
  if (!thing) throw new Problem(404, slug, "there is nothing at this address");
  return thing;
};
