// All frames of a set in a grid, in the order of the turn: turned by hand, moved, replaced and left out.

import { count, make } from "../page";
import { announce } from "./announce";
import { FramePictures } from "./frame-pictures";
import { isArchive } from "./leave-out";
import type { Transfer } from "./transfer";
import { anglesOf, byNumber, moved, nearest, normal, startFor, type Turned } from "./turn-order";
import { drawInto, turner } from "./turner";
import { ask, button, tellFailure } from "./widgets";

const THUMB = 192;

export interface ContactSheet {
  element: HTMLElement;
  draw(): void;
}

interface Actions {
  turned(): Turned;
  /** The frames are to stand in this order. */
  order(names: string[]): Promise<void>;
  remove(name: string): Promise<void>;
  replace(name: string, file: File): void;
  /** Sets the hero's angle, or that of the first frame. */
  setAngles(angles: { hero?: number; start?: number }): Promise<void>;
}

interface Cell {
  item: HTMLLIElement;
  handle: HTMLButtonElement;
  canvas: HTMLCanvasElement;
  caption: HTMLElement;
}

export function contactSheet(transfer: Transfer, actions: Actions, signal: AbortSignal): ContactSheet {
  const cells = new Map<string, Cell>();
  let names: string[] = [];
  let angles: number[] = [];
  let chosen = 0;
  let dragged: number | undefined;

  const list = make("ol", { class: "sheet", "aria-label": "Frames in the order of the turn" });
  const at = make("p", { class: "angle" });
  const hand = turner((index) => choose(index));
  const nameOf = (index: number) => `Frame ${index + 1} of ${names.length}, ${names[index]}, ${angles[index]}°`;

  const choose = (index: number, focus = false) => {
    chosen = Math.max(0, Math.min(index, names.length - 1));
    names.forEach((name, index) => {
      const { handle, item } = cells.get(name)!;
      handle.tabIndex = index === chosen ? 0 : -1;
      item.classList.toggle("chosen", index === chosen);
    });
    const name = names[chosen];
    if (name === undefined) return;
    const label = nameOf(chosen);
    at.textContent = label;
    hand.show(chosen, names.length, pictures.get(name), label);
    if (focus) cells.get(name)?.handle.focus();
  };

  const pictures = new FramePictures(transfer, (name) => {
    const cell = cells.get(name);
    const picture = pictures.get(name);
    if (!cell) return;
    cell.item.dataset.picture = picture ? "here" : "none";
    if (picture) drawInto(cell.canvas, cell.canvas.getContext("2d"), picture);
    if (names[chosen] === name) choose(chosen);
  });
  signal.addEventListener("abort", () => pictures.close());

  const move = async (from: number, to: number) => {
    if (from === to || to < 0 || to >= names.length || changes.some(({ disabled }) => disabled)) return;
    const name = names[from];
    await actions.order(moved(names, from, to));
    announce(`${name} stands at place ${to + 1} now.`);
    choose(to, true);
  };
  const remove = async (index: number) => {
    const name = names[index];
    if (name === undefined || changes.some(({ disabled }) => disabled)) return;
    const body = [make("p", {}, `${name} is removed from the set. The file on your disk stays.`)];
    if (!(await ask({ title: `Remove ${name}?`, body, confirm: "Remove it", danger: true }))) return;
    await actions.remove(name);
    choose(Math.min(index, names.length - 1), true);
  };

  const cellOf = (name: string): Cell => {
    const known = cells.get(name);
    if (known) return known;
    const canvas = make("canvas", { width: THUMB, height: THUMB, "aria-hidden": "true" });
    const caption = make("span", { class: "caption" });
    const handle = button("", () => choose(names.indexOf(name)), { class: "frame", "aria-describedby": "sheet-keys" });
    handle.append(canvas, caption);
    const item = make("li", { "data-name": name }, handle);
    handle.addEventListener("focus", () => names[chosen] !== name && choose(names.indexOf(name)));
    item.addEventListener("dragstart", (event) => {
      dragged = names.indexOf(name);
      event.dataTransfer?.setData("text/plain", name);
    });
    item.addEventListener("dragover", (event) => {
      if (dragged === undefined) return;
      event.preventDefault();
      item.classList.toggle("over", names.indexOf(name) !== dragged);
    });
    item.addEventListener("dragleave", () => item.classList.remove("over"));
    item.addEventListener("dragend", () => (dragged = undefined));
    item.addEventListener("drop", (event) => {
      if (dragged === undefined) return;
      event.preventDefault();
      item.classList.remove("over");
      const from = dragged;
      dragged = undefined;
      run(move(from, names.indexOf(name)));
    });
    const cell = { item, handle, canvas, caption };
    cells.set(name, cell);
    return cell;
  };
  const run = (act: Promise<void>) => void act.catch((error: unknown) => tellFailure(error));

  list.addEventListener("keydown", (event) => {
    const columns = getComputedStyle(list).gridTemplateColumns.split(" ").length;
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      if (event.shiftKey) run(move(chosen, chosen + step));
      else if (chosen + step >= 0 && chosen + step < names.length) choose(chosen + step, true);
    } else if (event.key === "Home" || event.key === "End") {
      event.preventDefault();
      choose(event.key === "Home" ? 0 : names.length - 1, true);
    } else if (event.key === "Delete") {
      event.preventDefault();
      run(remove(chosen));
    }
  });

  const file = make("input", { type: "file", hidden: true, accept: "image/*,.tif,.tiff", "aria-label": "Replace by" });
  file.addEventListener("change", () => {
    const [picked] = file.files ?? [];
    file.value = "";
    const name = names[chosen];
    if (picked && name !== undefined) actions.replace(name, picked);
  });
  const setAngle = async (which: "hero" | "start") => {
    const turned = actions.turned();
    const here = angles[chosen] ?? 0;
    // The hero's picture stays the same when the turn begins elsewhere.
    const hero = normal(which === "hero" ? here : turned.hero - here);
    const start = startFor(chosen, names.length, turned.clockwise);
    await actions.setAngles(which === "hero" ? { hero } : { hero, start });
    announce(which === "hero" ? `${names[chosen]} is the hero now.` : `${names[chosen]} is the front now.`);
    draw();
  };
  const plain = { class: "plain small" };
  // While files are on their way, the order is not known yet.
  const changes = [
    button("Earlier", () => move(chosen, chosen - 1), plain),
    button("Later", () => move(chosen, chosen + 1), plain),
    button("Replace", () => file.click(), plain),
    button("Remove", () => remove(chosen), plain),
  ];
  const tools = make(
    "div",
    { class: "actions", role: "group", "aria-label": "The chosen frame" },
    button("Use as hero", () => setAngle("hero"), { ...plain, id: "use-as-hero" }),
    button("This is the front", () => setAngle("start"), { ...plain, id: "use-as-front" }),
    ...changes,
    file,
  );
  const keys = "Arrow keys choose a frame, Shift and an arrow key move it, Delete removes it. Or drag it.";
  const element = make(
    "div",
    { class: "contact", id: "contact-sheet" },
    make("div", { class: "turned" }, hand.element, make("div", {}, at, tools)),
    make("p", { class: "quiet small", id: "sheet-keys" }, keys),
    list,
  );

  const draw = () => {
    const before = names[chosen];
    const sent = [...transfer.files.keys()].filter((name) => !isArchive(name));
    names = [...new Set([...transfer.stored.keys(), ...sent])].sort(byNumber);
    const turned = actions.turned();
    angles = anglesOf(names.length, turned);
    const hero = nearest(angles, turned.hero);
    const canChange = !transfer.isUnderWay && !transfer.totals.failed;
    for (const change of changes) change.disabled = !canChange;
    element.hidden = names.length < 2;
    for (const [name, { item }] of cells) {
      if (names.includes(name)) continue;
      item.remove();
      cells.delete(name);
    }
    names.forEach((name, index) => {
      const { item, handle, caption } = cellOf(name);
      caption.textContent = `${name} · ${angles[index]}°${index === hero ? " · hero" : ""}`;
      item.draggable = canChange;
      handle.setAttribute("aria-label", `${caption.textContent}, frame ${index + 1} of ${names.length}`);
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    });
    list.setAttribute("aria-label", `${count(names.length, "frame")} in the order of the turn`);
    pictures.show(names);
    choose(before !== undefined && names.includes(before) ? names.indexOf(before) : chosen);
  };
  return { element, draw };
}
