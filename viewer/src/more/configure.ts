// Choices whose spin only the server knows: it answers with the address.

import { get, HttpError, jsonOf, type Net } from "../loader/net";
import { choicesOf, configurationOf, partsOf } from "../rules/address";
import type { Choices } from "../wire";

/** `nearest` is one that has a spin, where the wanted one has none. */
interface Configured {
  sequence?: string;
  nearest?: unknown;
}

/** Asks the server for the address of a product's spin with some choices; rejects with 404 where there is none. */
export async function requestSequence(src: string, chosen: Choices, net: Net): Promise<string> {
  const [before, product] = partsOf(src);
  const body = JSON.stringify({ choices: { ...choicesOf(configurationOf(src)), ...chosen } });
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body };
  const answer = (await jsonOf(await get(net, `${before}${product}/configure`, init))) as Configured;
  if (!answer.sequence) throw new HttpError(404, 0, answer.nearest);
  return new URL(answer.sequence, src).href;
}
