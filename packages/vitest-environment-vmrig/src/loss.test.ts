import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { openSomebody } from "./somebody.test.kit.ts";
import { openStage, SHARED, type Run, type Stage } from "./vitest-run.test.kit.ts";

const LIMIT_MS = 150_000;

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

async function killGate(): Promise<void> {
  for (const [pid, command] of await stage.home.processes()) if (/gate\/main\.js/.test(command)) process.kill(pid, "SIGKILL");
}

/** Runs the tests that work for long, and does something to the run while they do. */
async function runWhile(disturb: () => Promise<void>): Promise<{ readonly run: Run; readonly log: string }> {
  const folder = await stage.folder();
  const live = await stage.start(SHARED, ["run", "--project", "waits", "--project", "unit"], { TEST_FOLDER: folder });
  const log = (): Promise<string> => readFile(join(folder, "log"), "utf8").catch(() => "");
  await vi.waitFor(async () => expect(await log(), live.output()).toContain("order\n"), { timeout: 60_000, interval: 20 });
  await disturb();
  const run = await live.ended;
  return { run, log: await log() };
}

test.each([
  [
    "that is taken away says who took it and when",
    async () => {
      await using bob = await openSomebody(stage.home);
      await bob.takeAway();
    },
    /^VmrigError \[LEASE_LOST\]: Lost the lease of "pcs-1" .+\n {2}released by force by bob@laptop .+ ago \(vmrig release --force\)\n/m,
  ],
  [
    "whose gate is killed says how it ended",
    killGate,
    /^VmrigError \[GATE_LOST\]: The gate ended in the middle of the run \(SIGKILL\)\.\n/m,
  ],
])(
  "a lease %s, in one error of the run; the running test ends whatever it waits for, and no other one runs",
  async (_how, disturb, text) => {
    const { run, log } = await runWhile(disturb);
    expect(run.code, run.output).toBe(1);
    expect(run.output).toContain("Vitest caught 1 unhandled error");
    expect(run.output.slice(run.output.indexOf("Unhandled Errors"))).toMatch(text);
    expect(run.output).not.toContain("AssertionError");
    // Neither by the clock of its own test nor by this suite's.
    expect(run.output).not.toMatch(/timed? ?out|SIGTERM/i);
    const noted = log.split("\n").filter((line) => line !== "order" && line !== "");
    expect(noted.toSorted(), run.output).toEqual(["afterAll", "began", "the orders ended"]);
    expect(run.said.filter((line) => line.includes("  rollback "))).toHaveLength(1);
  },
  LIMIT_MS,
);
