// Where files come in: a drop target, and buttons that choose a folder or files.

import { getDroppedFiles } from "@uppy/core/utils";
import { make } from "../page";
import type { Dropped } from "./sorting";
import { button, tellFailure } from "./widgets";

type Take = (dropped: Dropped[]) => unknown;

/** The drop target; files that are dropped beside it on the page are taken too. */
export function dropTarget(take: Take, signal: AbortSignal): HTMLElement {
  const target = make(
    "div",
    { id: "drop", class: "drop" },
    make("p", {}, "Drop a folder, frames or a zip here"),
    make("p", { class: "quiet small" }, "PNG, JPEG, TIFF or WebP, zip or tar. Of several metals: a folder each."),
    pickers(take),
  );
  const holdsFiles = ({ dataTransfer }: DragEvent) => !!dataTransfer?.types.includes("Files");
  const mark = (isOver: boolean) => target.classList.toggle("over", isOver);
  document.addEventListener("dragover", (event) => holdsFiles(event) && mark(true), { signal });
  document.addEventListener("dragleave", (event) => !event.relatedTarget && mark(false), { signal });
  document.addEventListener(
    "drop",
    (event) => {
      mark(false);
      if (holdsFiles(event)) void filesOf(event.dataTransfer!).then(take).catch(tellFailure);
    },
    { signal },
  );
  return target;
}

async function filesOf(data: DataTransfer): Promise<Dropped[]> {
  return (await getDroppedFiles(data)).map((file) => ({ path: pathOf(file), file }));
}

function pathOf(file: File & { relativePath?: string | null }): string {
  return (file.relativePath || file.webkitRelativePath || file.name).replace(/^\/+/, "");
}

function pickers(take: Take): HTMLElement {
  const picker = (id: string, label: string, attributes: Record<string, string | boolean>) => {
    const input = make("input", {
      type: "file",
      id: `${id}-input`,
      multiple: true,
      hidden: true,
      "aria-label": label,
      ...attributes,
    });
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])];
      // The same files may be picked again.
      input.value = "";
      void Promise.resolve(take(files.map((file) => ({ path: pathOf(file), file })))).catch(tellFailure);
    });
    return [button(label, () => input.click(), { id, class: "plain" }), input];
  };
  const accept = "image/png,image/jpeg,image/tiff,image/webp,.zip,.tar";
  return make(
    "div",
    { class: "actions" },
    ...picker("pick-folder", "Choose a folder", { webkitdirectory: true }),
    ...picker("pick-files", "Choose files", { accept }),
  );
}
