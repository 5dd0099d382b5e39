import { expect, expectTypeOf, test } from "vitest";
import { checkOptions, checkSpelling, type OptionNames } from "./check-options.ts";

interface CopyOptions {
  readonly onProgress?: () => void;
  readonly signal?: AbortSignal | undefined;
}

const COPY_OPTIONS: OptionNames<CopyOptions> = { onProgress: true, signal: true };

const check = (options: unknown): void => checkOptions("pc1.upload()", options, COPY_OPTIONS);

test.each([[undefined], [{}], [{ signal: undefined }], [Object.create({ onProgress() {} })]])(
  "accepts %o",
  (options) => {
    expect(() => check(options)).not.toThrow();
  },
);

test("names the function, the option, the known options and the probable one", () => {
  expect(() => check({ onprogress() {} })).toThrow(
    expect.objectContaining({
      code: "COMMAND_INVALID",
      summary: 'pc1.upload() has no option "onprogress".',
      details: ["available: onProgress, signal"],
      hint: 'did you mean "onProgress"?',
    }),
  );
});

test("options that may be those of another library are refused only if probably misspelled", () => {
  const spelling = (options: unknown): void =>
    checkSpelling("pc1.fetch()", options, { method: true, headers: true });
  expect(() => spelling({ retry: 1, responseType: "json", method: "GET" })).not.toThrow();
  expect(() => spelling({ retry: 1, Header: {} })).toThrow(
    expect.objectContaining({
      code: "COMMAND_INVALID",
      summary: 'pc1.fetch() has no option "Header".',
      hint: 'did you mean "headers"?',
    }),
  );
  expect(() => spelling([])).toThrow("must be an object, not a list");
});

test("suggests no option for a word that resembles none", () => {
  expect(() => check({ retries: 1, "x y": 2 })).toThrow(
    expect.objectContaining({
      summary: 'pc1.upload() has no options "retries", "x y".',
      hint: undefined,
    }),
  );
});

test("refuses an unknown option whose value is undefined, and an inherited one", () => {
  expect(() => check({ retries: undefined })).toThrow('no option "retries"');
  expect(() => check(Object.create({ retries: 1 }))).toThrow('no option "retries"');
});

test("does not mistake a member of all objects for an option", () => {
  expect(() => check({ toString: 1 })).toThrow('no option "toString"');
  expect(() => check(JSON.parse('{ "__proto__": 1 }'))).toThrow('no option "__proto__"');
});

test.each([
  ["text", "a string"],
  [5, "a number"],
  [null, "null"],
  [["signal"], "a list"],
  [() => {}, "a function"],
  [new AbortController().signal, "an instance of AbortSignal"],
  [new URL("http://pc1"), "an instance of URL"],
  [Buffer.from("x"), "an instance of Buffer"],
  [/x/, "an instance of RegExp"],
])("refuses %o in place of options", (options, kind) => {
  expect(() => check(options)).toThrow(
    expect.objectContaining({
      summary: `The options of pc1.upload() must be an object, not ${kind}.`,
      hint: "write { onProgress: … }",
    }),
  );
});

test("the compiler compares the names with the interface", () => {
  expectTypeOf<{ onProgress: true }>().not.toExtend<OptionNames<CopyOptions>>();
  // @ts-expect-error an option that the interface does not have
  const names: OptionNames<CopyOptions> = { onProgress: true, signal: true, retries: true };
  expect(Object.keys(names)).toHaveLength(3);
});
