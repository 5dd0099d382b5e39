import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openSomebody } from "./other-user.test.kit.ts";
import { openStage, SHARED, type Run, type Stage } from "./vitest-run.test.kit.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

const LIMIT_MS = 120_000;

/** A run whose test is in the middle of something when `strike` comes. */
async function struck(
  strike: () => Promise<unknown>,
): Promise<{ readonly run: Run; readonly log: () => Promise<string> }> {
  const folder = await stage.folder();
  const log = (): Promise<string> => readFile(join(folder, "log"), "utf8").catch(() => "");
  const live = await stage.start(SHARED, ["run", "--project", "waits", "--project", "unit"], {
    TEST_FOLDER: folder,
  });
  await vi.waitFor(async () => expect(await log(), live.output()).toContain("order"), {
    timeout: 60_000,
    interval: 20,
  });
  await strike();
  return { run: await live.ended, log };
}

/** The other file may have had its turn before. */
const sinceItBegan = (log: string): string => log.slice(log.indexOf("began"));
const orders = (log: string): number => log.split("\n").filter((line) => line === "order").length;

describe("a run that loses its machines", () => {
  test(
    "because somebody takes the lease away ends at once with one error that says who it was, and reaches the machines no more",
    async () => {
      await using bob = openSomebody(stage.home, SHARED);
      const { run, log } = await struck(() => bob.takeAway());
      expect(run.code).toBe(1);
      expect(run.output.match(/Unhandled Errors?/g), run.output).toHaveLength(1);
      expect(run.output).toMatch(/VmrigError \[LEASE_LOST\]: /);
      expect(run.output).toMatch(/released by force by \S+@\S+ .*\(vmrig release --force/);
      expect(run.output).not.toContain("AssertionError");
      // The test that ran was ended although it waited for something else; none came after it, and
      // hooks had their turn.
      const after = sinceItBegan(await log());
      expect(after).toContain("the command ended");
      expect(after).toContain("afterAll");
      expect(after).not.toMatch(/went on|next test|next file/);
      // Bob's rollback ended whatever still ran.
      const counted = orders(after);
      await bob.status();
      expect(orders(await log())).toBe(counted);
    },
    LIMIT_MS,
  );

  test(
    "because its gate is killed ends at once with one error that says so",
    async () => {
      const { run, log } = await struck(async () => {
        for (const [pid, command] of await stage.home.processes())
          if (/gate\/main/.test(command)) process.kill(pid, "SIGKILL");
      });
      expect(run.code).toBe(1);
      expect(run.output.match(/Unhandled Errors?/g), run.output).toHaveLength(1);
      expect(run.output).toMatch(
        /VmrigError \[GATE_LOST\]: The gate ended unexpectedly \(SIGKILL\)/,
      );
      expect(run.output).not.toContain("AssertionError");
      expect(sinceItBegan(await log())).not.toMatch(/went on|next test|next file/);
    },
    LIMIT_MS,
  );
});

describe("a rig that somebody else holds", () => {
  test(
    "is skipped with who holds it where the config says so: the run is green",
    async () => {
      await using bob = openSomebody(stage.home, SHARED);
      await bob.hold();
      const env = { TEST_RIG: JSON.stringify({ lease: { onBusy: "skip" } }) };
      const run = await stage.run(SHARED, ["--project", "watched", "--project", "unit"], env);
      expect(run.code, run.output).toBe(0);
      expect(run.outcome("watched/watched.test.ts")).toEqual({ skipped: 1 });
      expect(run.outcome("sum.test.ts")).toEqual({ passed: 1 });
      expect(run.said, run.output).toEqual([
        expect.stringMatching(/^ vmrig {2}busy {5}"pcs-1" is busy: held by \S+@\S+ \(vmrig exec/),
      ]);
    },
    LIMIT_MS,
  );

  test(
    "fails at once where the config says so, with who holds it; unit tests are green",
    async () => {
      await using bob = openSomebody(stage.home, SHARED);
      await bob.hold();
      const env = { TEST_RIG: JSON.stringify({ lease: { onBusy: "fail" } }) };
      const run = await stage.run(SHARED, ["--project", "watched", "--project", "unit"], env);
      expect(run.code).toBe(1);
      expect(run.output).toMatch(/VmrigError \[RIG_BUSY\]: [^]*held by \S+@\S+ \(vmrig exec/);
      expect(run.outcome("sum.test.ts")).toEqual({ passed: 1 });
    },
    LIMIT_MS,
  );
});
