import { expect, test } from "vitest";
import { fromErrorJson, toErrorJson } from "./error-json.ts";
import { asVmrigError, isVmrigError, VmrigError } from "./vmrig-error.ts";

const full = new VmrigError("RIG_BUSY", {
  message: 'Gave up waiting for "pcs" after 900 s.',
  details: ["held by ci-8812@runner-3", "2 ahead of you"],
  hint: "see who holds it",
});

test("an error survives JSON with all its causes", () => {
  const outer = new VmrigError("ROLLBACK_FAILED", {
    message: "pc1 is broken.",
    cause: new VmrigError("FENCED", { message: "Refused.", cause: full }),
  });
  const back = fromErrorJson(
    JSON.parse(JSON.stringify(toErrorJson(outer))) as ReturnType<typeof toErrorJson>,
  );
  expect(isVmrigError(back)).toBe(true);
  expect(back).toMatchObject({
    code: "ROLLBACK_FAILED",
    fault: "infra",
    message: outer.message,
    summary: "pc1 is broken.",
  });
  expect(back.cause).toMatchObject({ code: "FENCED", message: "Refused." });
  expect((back.cause as VmrigError).cause).toMatchObject({
    code: "RIG_BUSY",
    message: full.message,
    details: full.details,
    hint: full.hint,
  });
});

test("a foreign cause becomes text that includes its own causes", () => {
  const socket = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), {
    code: "ECONNREFUSED",
  });
  const error = new VmrigError("IMAGE_MISSING", {
    message: "No image.",
    cause: new TypeError("fetch failed", { cause: socket }),
  });
  expect(toErrorJson(error).cause).toBe(
    "TypeError: fetch failed (cause: Error: connect ECONNREFUSED 127.0.0.1:1)",
  );
  expect(fromErrorJson(toErrorJson(error)).cause).toEqual(
    new Error("TypeError: fetch failed (cause: Error: connect ECONNREFUSED 127.0.0.1:1)"),
  );
});

test("redacts a foreign cause", () => {
  const error = new VmrigError("TERRAFORM_FAILED", {
    message: "No.",
    cause: new Error("spawn env HCLOUD_TOKEN=abc123"),
  });
  expect(JSON.stringify(toErrorJson(error))).not.toContain("abc123");
});

test.each([
  ["a string", "boom", "boom"],
  ["nothing", null, "null"],
  ["an object without a prototype", Object.create(null), "[object Object]"],
  [
    "an error as Vitest serialises it",
    Object.assign(Object.create(null) as object, { name: "TypeError", message: "x" }),
    "TypeError: x",
  ],
  [
    "an AggregateError without a message",
    new AggregateError([new Error("::1 refused"), new Error("127.0.0.1 refused")]),
    "AggregateError: Error: ::1 refused; Error: 127.0.0.1 refused",
  ],
  [
    "an object whose toString throws",
    {
      toString: () => {
        throw new Error("no");
      },
    },
    "[object Object]",
  ],
])("a cause may be %s", (_title, cause: unknown, text) => {
  expect(toErrorJson(new VmrigError("INTERNAL", { message: "x", cause })).cause).toBe(text);
});

test("serialises an error that is its own cause", () => {
  const error = new VmrigError("INTERNAL", { message: "round" });
  const other = new Error("and round", { cause: error });
  error.cause = other;
  expect(JSON.stringify(toErrorJson(error)).length).toBeLessThan(2_000);
  const self = new VmrigError("INTERNAL", { message: "self" });
  self.cause = self;
  expect(JSON.stringify(toErrorJson(self)).length).toBeLessThan(2_000);
});

test("wraps a foreign error as INTERNAL, with its stack and the error as cause", () => {
  const cause = new RangeError("Invalid array length\nsecond line");
  const error = asVmrigError(cause);
  expect(error).toMatchObject({ code: "INTERNAL", fault: "bug", cause });
  expect(error.summary).toBe("Unexpected RangeError: Invalid array length\nsecond line");
  expect(error.details.length).toBeGreaterThan(0);
  for (const line of error.details) expect(line).toMatch(/^at /);
  expect(error.message).toMatch(/\nhint: this is a bug in vmrig/);
});

test.each([["a string"], [undefined], [Object.create(null)], [Symbol("x")]])(
  "wraps a value that is not an error as INTERNAL: %o",
  (thrown: unknown) => {
    expect(asVmrigError(thrown)).toMatchObject({ code: "INTERNAL", fault: "bug", details: [] });
  },
);

test("returns a VmrigError unchanged", () => {
  expect(asVmrigError(full)).toBe(full);
});
