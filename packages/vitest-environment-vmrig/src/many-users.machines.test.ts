import { mkdir, mkdtemp, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Machine } from "vmrig";
import { claimMachines, connectGate, type ClaimSession } from "vmrig/worker";
import { spawnGate } from "vmrig/runner";
import { openHome, type Home } from "./home.test.kit.ts";
import { runVitest, startVitest } from "./start-vitest.test.kit.ts";

/** Several runs and several copies, on real machines. The copies are created once, by hand. */

const PROJECT = fileURLToPath(new URL("../test-projects/real-copies", import.meta.url));

const CLI = fileURLToPath(import.meta.resolve("vmrig/cli"));

let home: Home;
beforeAll(async () => {
  home = await openHome();
  const { exitCode, all } = await execa(process.execPath, [CLI, "up"], {
    cwd: PROJECT,
    env: home.env,
    reject: false,
    all: true,
  });
  expect(exitCode, all).toBe(0);
  expect(all).toMatch(/ready {4}copied-1: pc1 [^]*ready {4}copied-2: pc1 /);
});
afterAll(() => home[Symbol.asyncDispose]());

async function folder(): Promise<string> {
  const parent = join(home.folders.state, "of-the-test");
  await mkdir(parent, { recursive: true });
  return mkdtemp(join(parent, "run-"));
}

/** Starts a run that leases a copy, and waits until its test is on the machine. */
async function holding(): Promise<{ readonly vitest: ReturnType<typeof startVitest> }> {
  const marker = join(await folder(), "marker");
  const vitest = startVitest(home, PROJECT, ["hold"], { TEST_MARKER: marker });
  const there = async (): Promise<boolean> =>
    stat(marker).then(
      () => true,
      () => false,
    );
  await expect.poll(there, { timeout: 240_000 }).toBe(true);
  // Not the process itself: awaiting the process would wait for its end.
  return { vitest };
}

function pc1Of({ machines }: ClaimSession): Machine {
  const { pc1 } = machines;
  if (pc1 === undefined) throw new Error("no pc1");
  return pc1;
}

test("two copies run four files in pairs, each file on its own machine", async () => {
  const TEST_FOLDER = await folder();
  const { code, output } = await runVitest(home, PROJECT, ["meet"], { TEST_FOLDER });
  expect(code, output).toBe(0);
  expect(output).toMatch(/Tests\s+4 passed/);
  const boots = new Map(
    (await readFile(join(TEST_FOLDER, "machines"), "utf8"))
      .trim()
      .split("\n")
      .map((line) => line.split(" ") as [string, string]),
  );
  expect(boots.size).toBe(4);
  expect(boots.get("a")).not.toBe(boots.get("b"));
  expect(boots.get("c")).not.toBe(boots.get("d"));
  expect(new Set(boots.values()).size).toBe(2);
});

test("a run that is killed in the middle of a file leaves the other undisturbed, and the next one is green", async () => {
  const [{ vitest: killed }, { vitest: other }] = [await holding(), await holding()];
  process.kill(killed.pid ?? 0, "SIGKILL");
  await killed;
  const { code, output } = await runVitest(home, PROJECT, ["hold"]);
  expect(code, output).toBe(0);
  process.kill(-(other.pid ?? 0), "SIGINT");
  expect((await other).exitCode).toBe(130);
});

test("a holder that was paused longer than its TTL can neither log in nor roll back, and reports that it lost the lease", async () => {
  const gates: Array<Awaited<ReturnType<typeof spawnGate>>> = [];
  process.env["VMRIG_HOME"] = home.env["VMRIG_HOME"];
  try {
    const open = async () => {
      const gate = await spawnGate({
        config: join(PROJECT, "vmrig.config.ts"),
        onLine: () => {},
        maxCopies: 1,
        command: "a paused run",
      });
      gates.push(gate);
      return { gate, claim: await claimMachines(await connectGate(gate.socket), "file") };
    };
    const { vitest: other } = await holding();
    const paused = await open();
    await pc1Of(paused.claim).$`echo mine > mine`;
    const { port } = paused.claim.target("pc1");
    process.kill(paused.gate.pid ?? 0, "SIGSTOP");

    // Its lease expires, and the next run gets the copy.
    const next = await open();
    expect(next.claim.copy).toBe(paused.claim.copy);
    expect(next.claim.target("pc1").port).toBe(port);
    const pc1 = pc1Of(next.claim);
    expect((await pc1.$`ls; echo theirs > theirs`).stdout).toBe("");

    // Its connection is cut and its key is no longer accepted, although the holder does not know it
    // yet.
    const late = () => pc1Of(paused.claim).$`echo late > late`;
    await expect(late()).rejects.toMatchObject({
      code: expect.stringMatching(/CONNECTION_LOST|LOGIN_REFUSED/),
    });
    await expect(late()).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
    process.kill(paused.gate.pid ?? 0, "SIGCONT");
    await expect(paused.claim.rollBack()).rejects.toMatchObject({
      code: expect.stringMatching(/LEASE_LOST|FENCED/),
    });
    expect((await pc1.$`ls`).stdout).toBe("theirs");

    await next.claim.release();
    process.kill(-(other.pid ?? 0), "SIGINT");
    await other;
  } finally {
    delete process.env["VMRIG_HOME"];
    for (const { close, pid } of gates) {
      if (pid !== undefined) process.kill(pid, "SIGCONT");
      await close();
    }
  }
  expect((await readdir(home.folders.runtime)).toSorted()).toEqual([
    "copied-1",
    "copied-2",
    "redis",
  ]);
});
