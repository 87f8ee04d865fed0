import assert from "node:assert/strict";
import { test } from "node:test";
import { type Document, entries, fieldsOf, limitsOf, resolve, type Schema, slugsOf, typeOf } from "./document";

const document: Document = {
  info: { title: "", version: "", summary: "", description: "" },
  tags: [
    { name: "Rings", description: "" },
    { name: "Keys", description: "" },
  ],
  paths: {
    "/rings/{id}": {
      parameters: [{ $ref: "#/components/parameters/Id", name: "", in: "" }],
      get: { operationId: "show", tags: ["Rings"], summary: "", security: [], responses: {} },
    },
  },
  components: {
    parameters: { Id: { name: "id", in: "path" } },
    schemas: { Ring: { type: "object", required: ["id"], properties: { id: { type: "string" } } } },
  },
};
const ring: Schema = { $ref: "#/components/schemas/Ring" };

test("an_operation_has_the_parameters_of_its_path", () => {
  const all = [...entries(document)].map(([tag, list]) => [
    tag,
    list.map((one) => [one.method, one.path, one.parameters[0]?.name]),
  ]);
  assert.deepEqual(all, [
    ["Rings", [["get", "/rings/{id}", "id"]]],
    ["Keys", []],
  ]);
});

test("references_are_followed_and_lost_ones_are_errors", () => {
  assert.deepEqual(resolve(document, ring).required, ["id"]);
  assert.throws(() => resolve(document, { $ref: "#/components/schemas/Lost" }));
});

test("types_are_words", () => {
  const check = (schema: Schema, words: unknown[]) => assert.deepEqual(typeOf(schema), words);
  check({ type: "string", format: "date-time" }, ["string (date-time)"]);
  check({ type: ["integer", "null"] }, ["integer or null"]);
  check({ enum: ["a", null] }, ['"a", null']);
  check({ const: "ready" }, ['"ready"']);
  check({ oneOf: [ring, { type: "null" }] }, [{ shape: "Ring" }, " or ", "null"]);
  check({ type: "array", items: ring }, ["list of ", { shape: "Ring" }]);
  check({ type: "array", items: { properties: {} } }, ["list of ", "objects"]);
  check({ type: "object", additionalProperties: { type: "integer" } }, ["by name: ", "integer"]);
  check({}, ["anything"]);
});

test("limits_are_said", () => {
  assert.equal(limitsOf({ minimum: 1, maximum: 3 }), "1 to 3");
  assert.equal(limitsOf({ minimum: 0 }), "from 0");
  assert.equal(limitsOf({ maxLength: 64, pattern: "^a$" }), "at most 64 characters; `^a$`");
  assert.equal(limitsOf({}), "");
});

test("fields_within_fields_are_listed_and_shapes_are_not_entered", () => {
  const schema: Schema = {
    allOf: [
      ring,
      {
        type: "object",
        properties: { stones: { type: "array", items: { properties: { carat: { type: "number" } } } }, twin: ring },
      },
    ],
  };
  const names = fieldsOf(document, schema).map((field) => [field.name, field.required]);
  assert.deepEqual(names, [
    ["id", true],
    ["stones", false],
    ["stones[].carat", false],
    ["twin", false],
  ]);
});

test("a_field_may_be_another_shapes_field", () => {
  const borrowed: Schema = { properties: { name: { $ref: "#/components/schemas/Ring/properties/id" } } };
  assert.deepEqual(fieldsOf(document, borrowed)[0]?.type, ["string"]);
});

test("problems_are_known_by_their_slugs", () => {
  const own: Schema = { properties: { type: { enum: ["urn:problem-type:girasol:no-spin"] } } };
  assert.deepEqual(slugsOf({ allOf: [{ $ref: "#/components/schemas/Problem" }, own] }), ["no-spin"]);
  assert.deepEqual(slugsOf(ring), []);
});
