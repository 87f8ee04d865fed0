// Reads an OpenAPI document: references, types in words, fields as rows. Knows nothing of the page.

export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  oneOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  maxItems?: number;
  examples?: unknown[];
}

interface Named {
  $ref?: string;
  description?: string;
  required?: boolean;
  schema?: Schema;
  example?: unknown;
}

export interface Parameter extends Named {
  name: string;
  in: string;
}

export interface Media {
  schema?: Schema;
  example?: unknown;
}

export interface Answer {
  $ref?: string;
  description: string;
  headers?: Record<string, Named>;
  content?: Record<string, Media>;
}

export interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  security: object[];
  parameters?: Parameter[];
  requestBody?: { description?: string; required?: boolean; content: Record<string, Media> };
  responses: Record<string, Answer>;
}

export interface Document {
  info: { title: string; version: string; summary: string; description: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation | Parameter[]>>;
  components: { schemas: Record<string, Schema>; [kind: string]: Record<string, unknown> };
}

/** An operation with its address, and the parameters of both. */
export interface Entry {
  path: string;
  method: string;
  operation: Operation;
  parameters: Parameter[];
}

/** A word of a type: plain, or the name of a shape that is described elsewhere. */
export type Word = string | { shape: string };

/** A field of a body, with the names that lead to it. */
export interface Field {
  name: string;
  required: boolean;
  type: Word[];
  about: string;
}

const PROBLEM = "urn:problem-type:girasol:";

/** Follows a reference into the document; what is none is returned as it is. */
export function resolve<T extends { $ref?: string }>(document: Document, value: T): T {
  if (!value.$ref?.startsWith("#/")) return value;
  const steps = value.$ref
    .slice(2)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const found = steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
  if (!found) throw new Error(`nothing is at ${value.$ref}`);
  return found as T;
}

/** Every operation, by tag, in the document's order. */
export function entries(document: Document): Map<string, Entry[]> {
  const byTag = new Map<string, Entry[]>(document.tags.map((tag) => [tag.name, []]));
  for (const [path, item] of Object.entries(document.paths)) {
    const shared = (item.parameters as Parameter[] | undefined) ?? [];
    for (const [method, operation] of Object.entries(item)) {
      if (Array.isArray(operation)) continue;
      const parameters = [...shared, ...(operation.parameters ?? [])].map((one) => resolve(document, one));
      byTag.get(operation.tags[0] ?? "")?.push({ path, method, operation, parameters });
    }
  }
  return byTag;
}

/** A type in words. */
export function typeOf(schema: Schema): Word[] {
  const shape = shapeOf(schema);
  if (shape) return [{ shape }];
  if (schema.oneOf) return join(schema.oneOf.map(typeOf), " or ");
  if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(", ")];
  if (schema.const !== undefined) return [JSON.stringify(schema.const)];
  if (schema.items) return ["list of ", ...(isInline(schema.items) ? ["objects"] : typeOf(schema.items))];
  if (typeof schema.additionalProperties === "object") return ["by name: ", ...typeOf(schema.additionalProperties)];
  const words = [schema.type ?? "anything"].flat().join(" or ");
  return [schema.format ? `${words} (${schema.format})` : words];
}

/** What a value has to keep to, beyond its type. */
export function limitsOf(schema: Schema): string {
  const { minimum, maximum, maxLength, maxItems, pattern } = schema;
  const range =
    minimum !== undefined && maximum !== undefined
      ? `${minimum} to ${maximum}`
      : minimum !== undefined
        ? `from ${minimum}`
        : maximum !== undefined
          ? `to ${maximum}`
          : "";
  const most =
    maxLength !== undefined ? `at most ${maxLength} characters` : maxItems !== undefined ? `at most ${maxItems}` : "";
  return [range, most, pattern ? `\`${pattern}\`` : ""].filter(Boolean).join("; ");
}

/** The fields of an object, those of objects within it among them. What has a name of its own is left to its own place. */
export function fieldsOf(document: Document, schema: Schema, prefix = ""): Field[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, reference]) => {
    const property = shapeOf(reference) ? reference : resolve(document, reference);
    const field: Field = {
      name: prefix + name,
      required: schema.required?.includes(name) ?? false,
      type: typeOf(property),
      about: [property.description, limitsOf(property)].filter(Boolean).join(" "),
    };
    return [field, ...within(document, property, prefix + name)];
  });
  const parts = (schema.allOf ?? []).flatMap((part) => fieldsOf(document, resolve(document, part), prefix));
  return [...parts, ...own];
}

/** The slugs of the problems that an answer can be. */
export function slugsOf(schema: Schema): string[] {
  const types = [schema, ...(schema.allOf ?? [])].flatMap((part) => part.properties?.type?.enum ?? []);
  return types.map(String).flatMap((type) => (type.startsWith(PROBLEM) ? [type.slice(PROBLEM.length)] : []));
}

/** The name of the shape that a schema refers to. */
export function shapeOf(schema: Schema): string | undefined {
  return /^#\/components\/schemas\/(\w+)$/.exec(schema.$ref ?? "")?.[1];
}

function within(document: Document, schema: Schema, name: string): Field[] {
  if (schema.items && isInline(schema.items)) return fieldsOf(document, schema.items, `${name}[].`);
  return isInline(schema) ? fieldsOf(document, schema, `${name}.`) : [];
}

function isInline(schema: Schema): boolean {
  return !schema.$ref && schema.properties !== undefined;
}

function join(lists: Word[][], between: string): Word[] {
  return lists.flatMap((list, index) => (index > 0 ? [between, ...list] : list));
}
