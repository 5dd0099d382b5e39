import { expect, test } from "vitest";
import { fromErrorJson, toErrorJson } from "./error-json.ts";
import { asVmrigError, isVmrigError, VmrigError } from "./vmrig-error.ts";

const full = new VmrigError("RIG_BUSY", {
  message: 'Rig "pcs" stayed busy for 900 s.',
  details: ["held by ci-8812@runner-3", "2 ahead of you"],
  hint: "see who holds it",
});

test("an error comes through JSON as it was, with its causes", () => {
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

test("a cause of somebody else comes through in words, with its own causes", () => {
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

test("a cause of somebody else is redacted", () => {
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
    "an error as Vitest makes one",
    Object.assign(Object.create(null) as object, { name: "TypeError", message: "x" }),
    "TypeError: x",
  ],
  [
    "an AggregateError without a message",
    new AggregateError([new Error("::1 refused"), new Error("127.0.0.1 refused")]),
    "AggregateError: Error: ::1 refused; Error: 127.0.0.1 refused",
  ],
  [
    "a function that lies about itself",
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

test("an error that is its own cause has an end", () => {
  const error = new VmrigError("INTERNAL", { message: "round" });
  const other = new Error("and round", { cause: error });
  error.cause = other;
  expect(JSON.stringify(toErrorJson(error)).length).toBeLessThan(2_000);
  const self = new VmrigError("INTERNAL", { message: "self" });
  self.cause = self;
  expect(JSON.stringify(toErrorJson(self)).length).toBeLessThan(2_000);
});

test("what is not ours becomes INTERNAL, a bug, with where it came from and the error itself", () => {
  const cause = new RangeError("Invalid array length\nsecond line");
  const error = asVmrigError(cause);
  expect(error).toMatchObject({ code: "INTERNAL", fault: "bug", cause });
  expect(error.summary).toBe("Unexpected RangeError: Invalid array length\nsecond line");
  expect(error.details.length).toBeGreaterThan(0);
  for (const line of error.details) expect(line).toMatch(/^at /);
  expect(error.message).toMatch(/\nhint: this is a bug in vmrig/);
});

test.each([["a string"], [undefined], [Object.create(null)], [Symbol("x")]])(
  "what is no error at all becomes INTERNAL, too: %o",
  (thrown: unknown) => {
    expect(asVmrigError(thrown)).toMatchObject({ code: "INTERNAL", fault: "bug", details: [] });
  },
);

test("what is ours stays as it is", () => {
  expect(asVmrigError(full)).toBe(full);
});
