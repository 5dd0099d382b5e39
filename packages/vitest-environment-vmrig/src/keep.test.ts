import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openOtherUser } from "./other-user.test.kit.ts";
import { openVitestRunner, SHARED, type Run, type VitestRunner } from "./vitest-run.test.kit.ts";

let runner: VitestRunner;
beforeAll(async () => {
  runner = await openVitestRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

const LIMIT_MS = 120_000;

async function runFailing(rig: object): Promise<{
  readonly run: Run;
  readonly log: string;
  readonly env: { readonly TEST_RIG: string };
}> {
  const env = { TEST_RIG: JSON.stringify(rig) };
  const folder = await runner.folder();
  const run = await runner.run(SHARED, ["--project", "fails"], { ...env, TEST_FOLDER: folder });
  return { run, env, log: await readFile(join(folder, "log"), "utf8").catch(() => "") };
}

test(
  "machines of a failed file stay as the file left them, leased to the user of the run; without another copy the run ends there",
  async () => {
    const { run, log, env } = await runFailing({ keep: "failed", keepFor: "10m" });
    await using me = openOtherUser(runner.home, SHARED, env);
    expect(run.code).toBe(1);
    expect(run.output).toMatch(
      /retained pcs-1: log in with `vmrig ssh`, release it with `vmrig release`/,
    );
    expect(run.output).toContain("AssertionError");
    expect(run.output).not.toContain("Unhandled Error");
    expect(log).toBe("same file\n");

    expect((await me.status()).copies).toMatchObject([
      { copy: "pcs-1", state: "retained", retained: { why: "after a failed run", yours: true } },
    ]);
    expect(await me.vmrig("exec", "pc1", "--", "cat", "evidence")).toContain(
      "as the failed test left it",
    );
    await me.vmrig("release");
    expect((await me.status()).copies).toMatchObject([{ copy: "pcs-1", state: "free" }]);
  },
  LIMIT_MS,
);

test(
  "with another copy, the other files continue on that copy",
  async () => {
    const { run, log, env } = await runFailing({ keep: "failed", copies: 2 });
    await using me = openOtherUser(runner.home, SHARED, env);
    expect(run.outcome("fails/1-fails.test.ts")).toEqual({ failed: 1, passed: 1 });
    expect(run.outcome("fails/2-later.test.ts"), run.output).toEqual({ passed: 1 });
    expect(log).toContain("later file");
    expect((await me.status()).copies.map(({ state }) => state).toSorted()).toEqual([
      "free",
      "retained",
    ]);
    await me.vmrig("release");
  },
  LIMIT_MS,
);

test(
  "a green run retains no copy",
  async () => {
    const env = { TEST_RIG: JSON.stringify({ keep: "failed" }) };
    await using me = openOtherUser(runner.home, SHARED, env);
    const run = await runner.run(SHARED, ["--project", "watched"], env);
    expect(run.code, run.output).toBe(0);
    expect((await me.status()).copies).toMatchObject([{ copy: "pcs-1", state: "free" }]);
  },
  LIMIT_MS,
);
