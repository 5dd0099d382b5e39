import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startMachine, useMachine } from "../machine/fixtures.test.kit.ts";
import type { Machine } from "../machine/machine.ts";
import { toAssertion, type AssertionContext, type AssertionResult } from "./assert.ts";
import { MATCHERS, type MatcherName } from "./matchers.ts";

let pc1: Machine;
let folder: string;
useMachine((machine) => {
  ({ pc1 } = machine);
  ({ folder } = machine.server);
});

const CONTEXT: AssertionContext = { isNot: false, equals: Object.is };

function check(
  name: MatcherName,
  subject: unknown,
  args: readonly unknown[],
  more: Partial<AssertionContext> = {},
): Promise<AssertionResult> {
  return toAssertion(name, subject, args, { ...CONTEXT, ...more }).check();
}

const LONG_TIMEOUT = { timeout: "20s", interval: 20 } as const;

test("checks until the assertion passes", async () => {
  const path = join(folder, "late");
  const checking = check("toHaveText", pc1.file(path), ["new", LONG_TIMEOUT]);
  await pc1.$`true`;
  await writeFile(path, "old");
  await pc1.$`true`;
  await writeFile(path, "new");
  expect(await checking).toMatchObject({ pass: true, actual: "new", expected: "new" });
});

test("checks until the assertion fails under .not", async () => {
  const path = join(folder, "removed");
  await writeFile(path, "");
  const checking = check("toExist", pc1.file(path), [LONG_TIMEOUT], { isNot: true });
  await pc1.$`rm ${path}`;
  expect(await checking).toMatchObject({ pass: false });
});

test("runs a command again until the assertion passes", async () => {
  const path = join(folder, "tries");
  let runs = 0;
  const checking = check(
    "toPrint",
    () => {
      runs += 1;
      return pc1.$`echo x >>${path}; wc -l <${path} | tr -d ' '`;
    },
    ["3", LONG_TIMEOUT],
  );
  expect(await checking).toMatchObject({ pass: true });
  expect(runs).toBe(3);
});

describe("an inconclusive check", () => {
  test("passes neither the assertion nor its opposite", async () => {
    const file = pc1.file(join(folder, "missing"));
    const [straight, negated] = await Promise.all([
      check("toHaveText", file, ["x", { timeout: 300 }]),
      check("toHaveText", file, ["x", { timeout: 300 }], { isNot: true }),
    ]);
    expect([straight.pass, negated.pass]).toEqual([false, true]);
    expect(negated.message()).toMatch(
      /^expected pc1:\S+missing as \S+ not to have the text "x"\n {2}looked for .* s; last seen: No such file on pc1: \S+$/,
    );
  });

  test("fails immediately if a retry cannot help", async () => {
    await using withoutPath = await startMachine({
      become: (_user, line) => `PATH=/nonexistent /bin/sh -c '${line.replaceAll("'", "'\\''")}'`,
    });
    await expect(check("toBeRunning", withoutPath.pc1.root.service("x"), [])).rejects.toMatchObject(
      {
        code: "INSPECTION_FAILED",
      },
    );
  });

  test("is retried after a lost connection", async () => {
    await using fresh = await startMachine();
    const marker = join(fresh.server.folder, "marker");
    const command = () =>
      fresh.pc1
        .$`[ -e ${marker} ] || { : >${marker}; kill -KILL $PPID; sleep 600; }; echo survived`;
    expect(await check("toPrint", command, ["survived", LONG_TIMEOUT])).toMatchObject({
      pass: true,
    });
    expect(fresh.dials()).toBe(2);
  });
});

test("a command that hangs is reported as running, and its signal aborts", async () => {
  const verdict = await check(
    "toSucceed",
    ({ signal }: { signal: AbortSignal }) => pc1.$({ signal })`sleep 600`,
    [{ timeout: 500 }],
  );
  expect(verdict.pass).toBe(false);
  expect(verdict.message()).toMatch(
    /^expected .* to succeed\n {2}looked for .* s; last seen: it was still running$/,
  );
});

test("rejects with the reason of its signal", async () => {
  const abort = new AbortController();
  const reason = new Error("the test is over");
  const checking = check("toExist", pc1.file("none"), [LONG_TIMEOUT], { signal: abort.signal });
  abort.abort(reason);
  await expect(checking).rejects.toBe(reason);
});

describe("rejects", () => {
  test.each(Object.keys(MATCHERS) as MatcherName[])(
    "a machine, a string, undefined and a number as the subject of %s, with an example in the hint",
    (name) => {
      for (const subject of [pc1, "x", undefined, 5]) {
        expect(() => toAssertion(name, subject, ["x"], CONTEXT)).toThrow(
          expect.objectContaining({
            code: "MATCHER_MISUSED",
            hint: expect.stringContaining(`${name}(`),
          }),
        );
      }
    },
  );

  test("a command that is already running, without an unhandled rejection", () => {
    expect(() => toAssertion("toSucceed", pc1.$`exit 1`, [], CONTEXT)).toThrow(
      expect.objectContaining({
        code: "MATCHER_MISUSED",
        fault: "user",
        summary: "toSucceed received a command that is already running, and cannot run it again.",
        hint: "pass a function that runs the command: await expect(() => pc1.$`…`).toSucceed(…)",
      }),
    );
  });

  test("a function without a return value", async () => {
    const withoutReturn = async (): Promise<void> => {
      await pc1.$`true`;
    };
    await expect(check("toSucceed", withoutReturn, [])).rejects.toMatchObject({
      code: "MATCHER_MISUSED",
      hint: "return the command: expect(() => pc1.$`…`), without braces",
    });
  });

  test.each([
    ["no expected value", "toHaveText", [], /^toHaveText needs an expected value for pc1:x/],
    [
      "invalid options",
      "toExist",
      ["10s"],
      /^The options of toExist\(\) of pc1 must be an object, not a string/,
    ],
    [
      "an unknown option",
      "toExist",
      [{ timeOut: "10s" }],
      /^toExist\(\) of pc1 has no option "timeOut"\.\n  available: timeout, interval\nhint: did you mean "timeout"\?/,
    ],
    ["an invalid timeout", "toExist", [{ timeout: "10" }], /"10" is not a duration/],
  ] as const)("%s", (_title, name, args, text) => {
    expect(() => toAssertion(name, pc1.file("x"), args, CONTEXT)).toThrow(text);
  });

  test("a subject of another matcher", () => {
    expect(() => toAssertion("toBeRunning", pc1.port(80), [], CONTEXT)).toThrow(
      /^toBeRunning takes a service or a process, but received a socket\.\nhint: write: await expect\(pc1\.service\("nginx"\)\)\.toBeRunning/,
    );
    expect(() => toAssertion("toExist", Promise.resolve(), [], CONTEXT)).toThrow(
      "received a promise: await it first.",
    );
  });
});
