import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openOtherUser } from "./other-user.test.kit.ts";
import { openVitestRunner, SHARED, type Run, type VitestRunner } from "./vitest-run.test.kit.ts";

let runner: VitestRunner;
beforeAll(async () => {
  runner = await openVitestRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

const LIMIT_MS = 120_000;

/** Starts a run, and calls `fault` while its test is working. */
async function runWithFault(
  fault: () => Promise<unknown>,
): Promise<{ readonly run: Run; readonly log: () => Promise<string> }> {
  const folder = await runner.folder();
  const log = (): Promise<string> => readFile(join(folder, "log"), "utf8").catch(() => "");
  const live = await runner.start(SHARED, ["run", "--project", "waits", "--project", "unit"], {
    TEST_FOLDER: folder,
  });
  await vi.waitFor(async () => expect(await log(), live.output()).toContain("order"), {
    timeout: 60_000,
    interval: 20,
  });
  await fault();
  return { run: await live.ended, log };
}

/** The other file may have run before. */
const sinceItBegan = (log: string): string => log.slice(log.indexOf("began"));
const orders = (log: string): number => log.split("\n").filter((line) => line === "order").length;

describe("a run that loses its machines", () => {
  test(
    "because another user force-releases the lease ends immediately with one error that names that user, and can no longer reach the machines",
    async () => {
      await using bob = openOtherUser(runner.home, SHARED);
      const { run, log } = await runWithFault(() => bob.takeAway());
      expect(run.code).toBe(1);
      expect(run.output.match(/Unhandled Errors?/g), run.output).toHaveLength(1);
      expect(run.output).toMatch(/VmrigError \[LEASE_LOST\]: /);
      expect(run.output).toMatch(/released by force by \S+@\S+ .*\(vmrig release --force/);
      expect(run.output).not.toContain("AssertionError");
      // The running test was ended although it waited for something else. No test started after it,
      // and the hooks ran.
      const after = sinceItBegan(await log());
      expect(after).toContain("the command ended");
      expect(after).toContain("afterAll");
      expect(after).not.toMatch(/went on|next test|next file/);
      // Bob's rollback ended all processes that were still running.
      const counted = orders(after);
      await bob.status();
      expect(orders(await log())).toBe(counted);
    },
    LIMIT_MS,
  );

  test(
    "because its gate is killed ends immediately with one error that says so",
    async () => {
      const { run, log } = await runWithFault(async () => {
        for (const [pid, command] of await runner.home.processes())
          if (/gate\/main/.test(command)) process.kill(pid, "SIGKILL");
      });
      expect(run.code).toBe(1);
      expect(run.output.match(/Unhandled Errors?/g), run.output).toHaveLength(1);
      expect(run.output).toMatch(
        /VmrigError \[GATE_LOST\]: vmrig's background process \(the gate\) exited unexpectedly \(SIGKILL\)/,
      );
      expect(run.output).not.toContain("AssertionError");
      expect(sinceItBegan(await log())).not.toMatch(/went on|next test|next file/);
    },
    LIMIT_MS,
  );
});

describe("a rig that another user has leased", () => {
  test(
    "is skipped when the config asks for it: the run is green and names the holder",
    async () => {
      await using bob = openOtherUser(runner.home, SHARED);
      await bob.hold();
      const env = { TEST_RIG: JSON.stringify({ lease: { onBusy: "skip" } }) };
      const run = await runner.run(SHARED, ["--project", "watched", "--project", "unit"], env);
      expect(run.code, run.output).toBe(0);
      expect(run.outcome("watched/watched.test.ts")).toEqual({ skipped: 1 });
      expect(run.outcome("sum.test.ts")).toEqual({ passed: 1 });
      expect(run.logLines, run.output).toEqual([
        expect.stringMatching(/^ vmrig {2}busy {5}"pcs-1" is busy: held by \S+@\S+ \(vmrig exec/),
      ]);
    },
    LIMIT_MS,
  );

  test(
    "fails immediately when the config asks for it, and names the holder; unit tests are green",
    async () => {
      await using bob = openOtherUser(runner.home, SHARED);
      await bob.hold();
      const env = { TEST_RIG: JSON.stringify({ lease: { onBusy: "fail" } }) };
      const run = await runner.run(SHARED, ["--project", "watched", "--project", "unit"], env);
      expect(run.code).toBe(1);
      expect(run.output).toMatch(/VmrigError \[RIG_BUSY\]: [^]*held by \S+@\S+ \(vmrig exec/);
      expect(run.outcome("sum.test.ts")).toEqual({ passed: 1 });
    },
    LIMIT_MS,
  );
});
