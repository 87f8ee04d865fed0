// The page of the OpenAPI document: every operation by tag, and the shapes of what is sent and answered.

import {
  type Answer,
  type Document,
  type Entry,
  entries,
  type Field,
  fieldsOf,
  limitsOf,
  type Media,
  type Parameter,
  resolve,
  type Schema,
  shapeOf,
  slugsOf,
  typeOf,
  type Word,
} from "./docs/document";
import { byId, make } from "./page";

async function start(): Promise<void> {
  const intro = byId("intro");
  try {
    const answer = await fetch("/api/openapi.json");
    if (!answer.ok) throw new Error(`${answer.status}`);
    draw((await answer.json()) as Document);
  } catch {
    intro.replaceChildren(make("p", { role: "alert" }, "The document could not be loaded. Load the page again."));
  }
}

function draw(document: Document): void {
  byId("intro").replaceChildren(
    make("p", { class: "quiet" }, `${document.info.summary} Version ${document.info.version}.`),
    ...document.info.description.split("\n\n").map((text) => make("p", {}, ...prose(text))),
  );
  const index = byId("index");
  for (const [name, list] of entries(document)) {
    const about = document.tags.find((tag) => tag.name === name)?.description ?? "";
    index.append(make("h3", {}, name), ...list.map(({ operation }) => link(operation.operationId, operation.summary)));
    byId("operations").append(
      make("h2", {}, name),
      make("p", { class: "tag" }, ...prose(about)),
      ...list.map((entry) => drawEntry(document, entry)),
    );
  }
  const shapes = Object.entries(document.components.schemas);
  index.append(make("h3", {}, "Shapes"), link("shapes", "What is sent and answered"));
  byId("shapes").append(make("h2", {}, "Shapes"), ...shapes.map(([name, schema]) => drawShape(document, name, schema)));

  const all = byId<HTMLButtonElement>("all");
  all.addEventListener("click", () => {
    const open = all.getAttribute("aria-pressed") !== "true";
    all.setAttribute("aria-pressed", String(open));
    for (const entry of window.document.querySelectorAll<HTMLDetailsElement>("details.entry")) entry.open = open;
  });
  window.addEventListener("hashchange", openNamed);
  openNamed();
}

/** Opens the entry that the address names and scrolls to it: it did not exist when the browser loaded the page. */
function openNamed(): void {
  const named = location.hash && window.document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!named) return;
  if (named instanceof HTMLDetailsElement) {
    named.open = true;
    named.querySelector("summary")?.focus();
  }
  named.scrollIntoView();
}

function drawEntry(document: Document, { path, method, operation, parameters }: Entry): HTMLElement {
  const inside = make("div", { class: "inside" });
  if (operation.description) inside.append(make("p", {}, ...prose(operation.description)));
  inside.append(make("p", { class: "key" }, operation.security.length > 0 ? "Takes a key, or a session." : "Public."));
  if (parameters.length > 0) inside.append(make("h4", {}, "Parameters"), table(parameters.map(drawParameter)));
  const body = operation.requestBody;
  if (body) {
    inside.append(make("h4", {}, body.required ? "Body" : "Body, if any"));
    if (body.description) inside.append(make("p", {}, ...prose(body.description)));
    // What is to be sent is spelled out here; what is answered has its place among the shapes.
    for (const { schema } of Object.values(body.content)) {
      const fields = schema && shapeOf(schema) ? fieldsOf(document, resolve(document, schema)) : [];
      if (fields.length > 0) inside.append(table(fields.map(drawField)));
    }
    inside.append(...drawContent(document, body.content));
  }
  inside.append(
    make("h4", {}, "Answers"),
    ...Object.entries(operation.responses).map(([status, answer]) => drawAnswer(document, status, answer)),
  );
  return make(
    "details",
    { class: "entry", id: operation.operationId },
    make(
      "summary",
      {},
      make("span", { class: `method ${method}` }, method.toUpperCase()),
      make("span", { class: "address" }, ...breakable(path)),
      make("span", { class: "what" }, ...prose(operation.summary)),
    ),
    inside,
  );
}

function drawShape(document: Document, name: string, schema: Schema): HTMLElement {
  const inside = make("div", { class: "inside" });
  const fields = fieldsOf(document, schema);
  const limits = limitsOf(schema);
  if (schema.description) inside.append(make("p", {}, ...prose(schema.description)));
  if (fields.length > 0) inside.append(table(fields.map(drawField)));
  else inside.append(make("p", { class: "type" }, ...words(typeOf(schema)), ...prose(limits && `; ${limits}`)));
  if (schema.examples) inside.append(make("h4", {}, "Example"), ...schema.examples.map(drawExample));
  return make(
    "details",
    { class: "entry", id: anchor(name) },
    make("summary", {}, make("span", { class: "method" }, "shape"), make("span", { class: "address" }, name)),
    inside,
  );
}

function drawParameter(parameter: Parameter): HTMLElement {
  const schema = parameter.schema ?? {};
  const limits = limitsOf(schema);
  const cell = make("td", {}, make("span", { class: "type" }, ...words(typeOf(schema))));
  if (parameter.description) cell.append(" ", ...prose(parameter.description));
  if (limits) cell.append(" ", make("span", { class: "quiet" }, ...prose(limits)));
  if (parameter.example !== undefined)
    cell.append(make("br"), make("span", { class: "quiet" }, "as in "), make("code", {}, text(parameter.example)));
  return row(
    parameter.name,
    parameter.in === "path" || !parameter.required ? parameter.in : `${parameter.in}, needed`,
    cell,
  );
}

function drawField({ name, required, type, about }: Field): HTMLElement {
  return row(
    name,
    required ? "" : "may be left out",
    make("td", {}, make("span", { class: "type" }, ...words(type)), " ", ...prose(about)),
  );
}

function drawAnswer(document: Document, status: string, reference: Answer): HTMLElement {
  const answer = resolve(document, reference);
  const cell = make("div", {}, make("p", {}, ...prose(answer.description)));
  const headers = Object.keys(answer.headers ?? {});
  if (headers.length > 0) cell.append(make("p", { class: "quiet" }, `Headers: ${headers.join(", ")}`));
  cell.append(...drawContent(document, answer.content ?? {}));
  return make("div", { class: "answer" }, make("span", { class: "status" }, status), cell);
}

/** Each media type; those of pictures, which are alike, on one line. */
function drawContent(document: Document, content: Record<string, Media>): HTMLElement[] {
  const bare = Object.keys(content).filter((type) => !content[type]?.schema && content[type]?.example === undefined);
  const drawn = Object.entries(content)
    .filter(([type]) => !bare.includes(type))
    .flatMap(([type, media]) => drawMedia(document, type, media));
  if (bare.length > 0) drawn.push(make("p", { class: "type" }, bare.join(", ")));
  return drawn;
}

function drawMedia(document: Document, type: string, { schema = {}, example }: Media): HTMLElement[] {
  const slugs = slugsOf(schema);
  if (slugs.length > 0) return [make("div", { class: "slugs" }, ...slugs.map((slug) => make("code", {}, slug)))];
  const fields = shapeOf(schema) ? [] : fieldsOf(document, schema);
  const drawn: HTMLElement[] = [
    make("p", { class: "type" }, `${type} `, ...(fields.length > 0 ? [] : words(typeOf(schema)))),
  ];
  if (fields.length > 0) drawn.push(table(fields.map(drawField)));
  if (example !== undefined) drawn.push(drawExample(example));
  return drawn;
}

function drawExample(example: unknown): HTMLElement {
  return make("pre", { tabindex: 0 }, typeof example === "string" ? example.trim() : JSON.stringify(example, null, 2));
}

function table(rows: HTMLElement[]): HTMLElement {
  return make("div", { class: "fields" }, make("table", {}, make("tbody", {}, ...rows)));
}

function row(name: string, note: string, cell: HTMLElement): HTMLElement {
  const head = make("th", { scope: "row" }, make("code", {}, name));
  if (note) head.append(make("small", {}, note));
  return make("tr", {}, head, cell);
}

function words(type: Word[]): (Node | string)[] {
  return type.map((word) => (typeof word === "string" ? word : link(anchor(word.shape), word.shape)));
}

function link(id: string, label: string): HTMLElement {
  return make("a", { href: `#${id}` }, ...prose(label));
}

function anchor(shape: string): string {
  return `shape-${shape}`;
}

/** Text in which what stands between backticks is code. */
function prose(text: string): (Node | string)[] {
  return text.split("`").map((part, index) => (index % 2 === 1 ? make("code", {}, part) : part));
}

/** An address that may break after its slashes. */
function breakable(path: string): (Node | string)[] {
  return path.split(/(?<=\/)/).flatMap((part) => [part, make("wbr")]);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

void start();
