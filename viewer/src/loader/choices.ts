// Choices: which configuration an address names, and the address of another one.

import type { Choices, Manifest } from "../wire";
import { get, HttpError, type Net } from "./net";

/** There is no spin of the choices; `nearest` has one. */
export class NoSpin extends HttpError {
  constructor(readonly nearest: unknown) {
    super(404, 0);
  }
}

// An option's name has no hyphen, so that the first one ends it.
const SEQUENCE = /^(.*\/)([a-z0-9-]+\.[a-z0-9-]+)((?:\.[a-z0-9]+-[a-z0-9-]+)*)\/sequence(?=\?|$)/;

/** The configuration in the address of a sequence. */
export function configurationOf(src: string): string | undefined {
  const [, , product = "", choices = ""] = SEQUENCE.exec(src) ?? [];
  return product ? product + choices : undefined;
}

/** The choices in a configuration's id. */
export function choicesOf(configuration: string): Choices {
  const pairs = configuration.split(".").slice(2);
  return Object.fromEntries(pairs.map((pair) => pair.split(/-(.*)/s).slice(0, 2) as [string, string]));
}

/** The options that an element with this address and manifest can be told to change. */
export function optionsOf(src: string, manifest: Manifest | undefined): string[] {
  const listed = (manifest?.siblings ?? []).flatMap(({ choices }) => Object.keys(choices));
  return [...new Set([...Object.keys(choicesOf(configurationOf(src) ?? "")), ...listed])];
}

/** The address of the same product with other choices; undefined where only the server can tell it. */
export function withChoices(src: string, wishes: Choices, manifest?: Manifest): string | undefined {
  const own = configurationOf(src);
  const has = choicesOf(own ?? "");
  const changed = Object.entries(wishes).filter(([option, choice]) => has[option] !== choice);
  if (!own || !changed.length) return src;
  let id: string | undefined = own;
  for (const [option, choice] of changed) {
    // Ids leave out the default of an option that was added later.
    if (!has[option]) id = undefined;
    id = id?.replace(`.${option}-${has[option]}`, `.${option}-${choice}`);
  }
  const [[option, choice]] = changed as [[string, string]];
  const listed =
    manifest?.configuration === own &&
    changed.length === 1 &&
    manifest.siblings?.find(({ choices }) => choices[option] === choice);
  if (listed) id = listed.configuration;
  return id && src.replace(SEQUENCE, (_, before) => `${before}${id}/sequence`);
}

/** Asks the server for the address of a product's spin with some choices. */
export async function askForSequence(src: string, wishes: Choices, net: Net): Promise<string> {
  const [, before = "", product = ""] = SEQUENCE.exec(src) ?? [];
  const body = JSON.stringify({ choices: { ...choicesOf(configurationOf(src) ?? ""), ...wishes } });
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body };
  const answer = await (await get(net, `${before}${product}/configure`, init)).json();
  if (!answer.sequence) throw new NoSpin(answer.nearest);
  return new URL(answer.sequence, src).href;
}
