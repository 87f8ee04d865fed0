// A preview link: it shows one version without a key until it expires.

import { make } from "../page";
import { sequences } from "./api";
import { copy } from "./copying";
import { button, field, openDialog, select } from "./widgets";
import { dateOf } from "./words";

const LASTS: [string, string][] = [
  ["24", "a day"],
  ["72", "three days"],
  ["168", "a week"],
];

export function askForPreviewLink(configuration: string, version: number): void {
  const hours = select(LASTS, "72", { id: "preview-link-hours" });
  const result = make("div", { class: "preview-link", role: "status" });
  const create = async () => {
    const { link, expires } = await sequences.previewLink(configuration, version, Number(hours.value));
    const address = make("input", {
      type: "text",
      id: "preview-link-address",
      readonly: true,
      value: new URL(link, location.href).href,
    });
    address.addEventListener("focus", () => address.select());
    result.replaceChildren(
      field("Link", address, `It works until ${dateOf(expires)}.`),
      button("Copy", () => copy(address), { id: "preview-link-copy" }),
    );
    address.focus();
  };
  const { dialog, close } = openDialog(
    `A preview link to version ${version}`,
    make("p", { class: "quiet" }, "Everyone with the link sees the spin, live or not. No key is needed."),
    field("It lasts", hours),
    result,
  );
  dialog.append(
    make(
      "div",
      { class: "actions" },
      button("Close", close, { class: "plain" }),
      button("Make the link", create, { id: "preview-link-create" }),
    ),
  );
}
