import { expect, test } from "vitest";
import { rigSchema } from "../../packages/vmrig/src/config/schema.ts";
import { namesIn, readText, rowsOf } from "./markdown.mjs";

/**
 * @typedef {object} Schema the part of JSON Schema that the config's shape needs
 * @property {Record<string, Schema>} [properties]
 * @property {string[]} [required]
 * @property {Schema | false} [additionalProperties]
 * @property {Schema[]} [anyOf]
 * @property {Schema[]} [oneOf]
 */

/**
 * @param {Schema} schema
 * @param {string} [prefix]
 * @returns {Array<{ key: string, required: boolean }>}
 */
function keysOf(schema, prefix = "") {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => [
    { key: `${prefix}${name}`, required: schema.required?.includes(name) === true },
    ...keysOf(inner, `${prefix}${name}.`),
  ]);
  const entries = schema.additionalProperties
    ? keysOf(schema.additionalProperties, `${prefix}*.`)
    : [];
  return [
    ...own,
    ...entries,
    ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((inner) => keysOf(inner, prefix)),
  ];
}

const schema = /** @type {Schema} */ (
  rigSchema.toJSONSchema({ io: "input", unrepresentable: "any" })
);
// A machine's recipe has the keys of the rig's, which stand on the page once.
// A key that several variants of an object have stands there once, too.
const keys = [
  ...new Map(
    keysOf(schema)
      .filter(({ key }) => !key.startsWith("machines.*.prepare."))
      .map((entry) => [entry.key, entry]),
  ).values(),
];

const DRIVER = { name: "none", declare: () => {} };
/** Stores of a state that have keys with a default. */
const STORES = [
  { store: "pg", url: "postgres://db/vmrig", schema: undefined },
  { store: "s3", bucket: "states", region: "r", pathStyle: undefined, prefix: undefined },
];

const text = await readText("docs/reference/config.md");
const rows = rowsOf(text).map(([key = "", , shown = ""]) => ({
  key: namesIn(key)[0] ?? "",
  shown,
}));

test("the page has every key of the schema, and no other", () => {
  expect(rows.map(({ key }) => key.replaceAll(/<\w+>/g, "*")).toSorted()).toEqual(
    keys.map(({ key }) => key).toSorted(),
  );
});

test("what the page calls required the schema requires, and nothing else", () => {
  const required = rows
    .filter(({ shown }) => shown === "required")
    .map(({ key }) => key.replaceAll(/<\w+>/g, "*"));
  expect(required.toSorted()).toEqual(
    keys
      .filter((key) => key.required)
      .map(({ key }) => key)
      .toSorted(),
  );
});

test.each(rows.filter(({ shown }) => shown.startsWith("`")))(
  "$key is $shown when it is left out",
  ({ key, shown }) => {
    const path = key
      .split(".")
      .map((part) => ({ "<name>": "pc1", "<path>": "/etc/motd" })[part] ?? part);
    const value = JSON.parse(namesIn(shown)[0] ?? "");
    expect(rigSchema.parse(withValue(path, value))).toEqual(
      rigSchema.parse(withValue(path, undefined)),
    );
  },
);

/**
 * The smallest config that has a place for every key.
 *
 * @param {readonly string[]} path
 * @param {unknown} value `undefined` leaves it out
 */
function withValue(path, value) {
  const config = {
    name: "pcs",
    ...(path[0] === "state"
      ? {
          driver: { ...DRIVER, locality: "shared" },
          state: { ...STORES.find((store) => (path[1] ?? "") in store) },
        }
      : { driver: DRIVER }),
    machines: { pc1: {} },
    prepare: { files: { "/etc/motd": { content: "" } } },
  };
  /** @type {Record<string, unknown>} */
  let place = config;
  for (const part of path.slice(0, -1))
    place = /** @type {Record<string, unknown>} */ (place[part] ??= {});
  const last = path.at(-1) ?? "";
  if (value === undefined) delete place[last];
  else place[last] = value;
  return config;
}
