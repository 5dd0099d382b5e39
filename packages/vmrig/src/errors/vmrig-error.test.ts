import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { CODES, type ErrorCode } from "./codes.ts";
import { isVmrigError, VmrigError } from "./vmrig-error.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";

const full = (): VmrigError =>
  new VmrigError("RIG_BUSY", {
    message: 'Gave up waiting for "pcs" after 900 s.',
    details: ["held by ci-8812@runner-3 for 41 min", "2 ahead of you"],
    hint: "raise `lease.waitFor`, or see who holds it with `vmrig status`.",
    cause: new TypeError("inner"),
  });

test("the message is the summary, then one line per fact, then the hint", () => {
  expect(full().message).toBe(`Gave up waiting for "pcs" after 900 s.
  held by ci-8812@runner-3 for 41 min
  2 ahead of you
hint: raise \`lease.waitFor\`, or see who holds it with \`vmrig status\`.`);
});

test("the message is the summary alone when there are no facts and no hint", () => {
  expect(new VmrigError("INTERNAL", { message: "Odd." }).message).toBe("Odd.");
});

test("indents every line of a multi-line fact", () => {
  expect(
    new VmrigError("INTERNAL", { message: "Odd.", details: ["one\ntwo", "three"] }).message,
  ).toBe("Odd.\n  one\n  two\n  three");
});

test.each(Object.entries(CODES))("%s is the fault of %s", (code, fault) => {
  expect(new VmrigError(code as ErrorCode, { message: "x" })).toMatchObject({
    code,
    fault,
    name: `VmrigError [${code}]`,
  });
});

test("redacts secrets in the message, the facts and the hint", () => {
  const error = new VmrigError("REDIS_UNREACHABLE", {
    message: "No answer of redis://:hunter2@db.",
    details: [
      "MY_TOKEN=hunter2",
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      "hunter2hunter2hunter2",
      "-----END OPENSSH PRIVATE KEY-----",
      "after",
    ],
    hint: "try redis://:hunter2@other",
  });
  for (const text of [inspect(error), JSON.stringify(error), error.stack, error.message])
    expect(text).not.toContain("hunter2");
  expect(error.details).toEqual(["MY_TOKEN=***", "[OPENSSH PRIVATE KEY redacted]", "after"]);
});

test("the fields of an error are plain data", () => {
  const error = full();
  const fields = {
    name: "VmrigError [RIG_BUSY]",
    code: error.code,
    fault: "infra",
    summary: error.summary,
    details: error.details,
    hint: error.hint,
  };
  expect(JSON.parse(JSON.stringify(error))).toEqual(fields);
  expect(structuredClone(Object.assign({}, error))).toEqual(fields);
});

test("structured cloning keeps the message and the cause", () => {
  const copy = structuredClone(full());
  expect(copy).toBeInstanceOf(Error);
  expect(copy.message).toBe(full().message);
  expect(copy.cause).toEqual(new TypeError("inner"));
});

test("recognises an error from another realm", () => {
  // An error of one realm is not an `Error` in another realm. A registered symbol is equal in all
  // realms.
  const foreign: unknown = runInNewContext(
    `Object.defineProperty(new Error("x"), Symbol.for("vmrig.error"), { value: true })`,
  );
  expect(foreign).not.toBeInstanceOf(Error);
  expect(isVmrigError(foreign)).toBe(true);
  expect(runInNewContext("Symbol.for('vmrig.error') in error", { error: full() })).toBe(true);
});

test("recognises an error when the package is installed twice", async () => {
  const url = new URL("./vmrig-error.ts?installed-twice", import.meta.url).href;
  const other = (await import(/* @vite-ignore */ url)) as typeof import("./vmrig-error.ts");
  expect(other.VmrigError).not.toBe(VmrigError);
  const error = new other.VmrigError("FENCED", { message: "x" });
  expect(error).not.toBeInstanceOf(VmrigError);
  expect([isVmrigError(error), other.isVmrigError(full())]).toEqual([true, true]);
});

test.each([
  [new Error("x")],
  [{ code: "FENCED", name: "VmrigError" }],
  ["vmrig.error"],
  [null],
  [undefined],
])("%o is not a VmrigError", (value: unknown) => {
  expect(isVmrigError(value)).toBe(false);
});

const VITEST = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));

test.each(["forks", "threads"])(
  "Vitest shows code, stack and causes of an error from a worker of the pool %s",
  async (pool) => {
    const root = await tempFolder();
    const here = (file: string): string =>
      JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));
    const failing = `
import { test } from ${JSON.stringify(fileURLToPath(import.meta.resolve("vitest")))};
import { VmrigError } from ${here("./vmrig-error.ts")};
import { CommandError } from ${here("../machine/command/outcome/error.ts")};
test("one", () => {
  const inner = new VmrigError("FENCED", { message: "pc1 refuses fence 3.", details: ["a fact inside"], cause: new TypeError("innermost") });
  throw new VmrigError("ROLLBACK_FAILED", { message: "pc1 is broken.", details: ["a fact"], hint: "a remedy", cause: inner });
});
test("two", () => {
  const result = { machine: "pc1", user: "vmrig", command: "false", stdout: "", stderr: "odd", exitCode: 3, durationMs: 1, failed: true, timedOut: false, isCanceled: false };
  throw new CommandError(result, { notes: [], cause: new Error("behind it") });
});
`;
    await writeFile(join(root, "failing.test.ts"), failing);
    const args = [
      VITEST,
      "run",
      "--root",
      root,
      "--pool",
      pool,
      "--reporter=default",
      "--reporter=json",
      "--outputFile.json=report.json",
    ];
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1", CI: "1" },
    });
    expect(readdirSync(root), stdout + stderr).toContain("report.json");
    expect(stderr).not.toContain("serialize");
    expect(stderr).toContain(
      "VmrigError [ROLLBACK_FAILED]: pc1 is broken.\n  a fact\nhint: a remedy\n",
    );
    expect(stderr).toContain("failing.test.ts:7:");
    expect(stderr).toContain(
      "Caused by: VmrigError [FENCED]: pc1 refuses fence 3.\n  a fact inside\n",
    );
    expect(stderr).toContain("Caused by: TypeError: innermost\n");
    expect(stderr).toContain("CommandError [COMMAND_FAILED]: `false` on pc1 exited with 3");
    expect(stderr).toContain("Caused by: Error: behind it\n");
    expect(readFileSync(join(root, "report.json"), "utf8")).toContain("pc1 is broken.");
  },
);
