import { describe, expect } from "vitest";
import { rigSchema } from "../config/schema.ts";
import { fakeDriver } from "../driver/fake/driver.ts";
import { dial } from "../ssh/dial.ts";
import type { ClaimSession } from "../worker/claim-session.ts";
import { claimMachines } from "../worker/claim-machines.ts";
import type { Claim as ClaimOfGate } from "./claims.ts";
import { findRetainedCopy, type RetainedCopy } from "../operations/find-retained-copy.ts";
import { localClient } from "./local-client.ts";
import type { Paused } from "../protocol/messages.ts";
import { createPauses } from "./pauses.ts";
import { test, type Run, type TestGate } from "./test-gate.test.kit.ts";

const FAILURE = { test: "a.test.ts > fails", error: "AssertionError: no" };
const rig = rigSchema.parse({ name: "pcs", driver: fakeDriver(), machines: { pc1: {}, pc2: {} } });

const enterable = ({ folders }: TestGate): Promise<readonly RetainedCopy[]> =>
  findRetainedCopy({ rig, folders, say: () => {} });

/** Creates a paused claim, whose test has left a file and failed. */
async function pausedClaim(run: Run): Promise<{
  readonly claim: ClaimSession;
  readonly pausing: Promise<void>;
  readonly pause: Paused;
}> {
  const claim = await claimMachines(localClient(run.gate), "file");
  await claim.machines["pc1"]?.exec("sh", ["-c", "echo evidence >left"]);
  const started = Promise.withResolvers<Paused>();
  run.gate.onPause({ paused: started.resolve, resumed: () => {} });
  return { claim, pausing: claim.pause(FAILURE), pause: await started.promise };
}

describe("while a claim is paused", () => {
  test("the user can log in to the machines as they are, and the lease stays with the run", async ({
    testGate,
  }) => {
    const run = testGate.run({ lease: { ttl: "3s" } });
    const { claim, pausing, pause } = await pausedClaim(run);
    expect(pause).toMatchObject({ copy: "pcs-1", copies: 1, machines: ["pc1", "pc2"], ...FAILURE });
    expect(run.logLines.at(-1)).toMatch(/^pause {4}pcs-1: stays as the failed test left it until /);

    const [found] = await enterable(testGate);
    expect(found?.retained).toMatchObject({
      paused: true,
      why: "at a failed test of a run that is paused",
      until: pause.until,
    });
    const target = found?.retained.machines[0]?.target ?? expect.unreachable();
    await using connection = await dial(target, { name: "pc1" });
    expect((await connection.exec("cat left")).stdout.toString()).toBe("evidence\n");

    run.gate.resume(pause.claim);
    await pausing;
    expect(await enterable(testGate)).toEqual([]);
    await claim.rollBack();
    expect((await claim.machines["pc1"]?.exec("ls"))?.stdout).toBe("");
    await claim.release();
  });

  test("the end of the claim or of the gate ends the pause", async ({ testGate }) => {
    const run = testGate.run();
    const first = await pausedClaim(run);
    await first.claim.release();
    await first.pausing;
    expect(await enterable(testGate)).toEqual([]);
    const second = await pausedClaim(run);
    await run.gate.close();
    await second.pausing;
    expect(await enterable(testGate)).toEqual([]);
  });

  test("a late listener hears of the pause too", async ({ testGate }) => {
    const run = testGate.run();
    const { claim, pausing, pause } = await pausedClaim(run);
    const heard: string[] = [];
    const stop = run.gate.onPause({
      paused: ({ test: name }) => heard.push(name),
      resumed: (id) => heard.push(id),
    });
    run.gate.resume(pause.claim);
    await pausing;
    stop();
    expect(heard).toEqual([FAILURE.test, pause.claim]);
    await claim.release();
  });
});

test("a pause ends at its timeout, and then allows no login any more", async () => {
  const happened: string[] = [];
  const pauses = createPauses({
    forMs: 20,
    copies: 1,
    say: () => {},
    signal: new AbortController().signal,
  });
  pauses.listen({ paused: () => happened.push("paused"), resumed: () => happened.push("resumed") });
  const leasedCopy = {
    copy: { copy: "pcs-1" },
    lease: { signal: new AbortController().signal },
    allowLogin: async () => ({
      until: 0,
      machines: ["pc1"],
      leave: async () => void happened.push("left"),
    }),
  };
  await pauses.begin({ id: "claim-1", leasedCopy } as unknown as ClaimOfGate, FAILURE);
  expect(happened).toEqual(["paused", "resumed", "left"]);
});

test("a claim that is over cannot be paused", async ({ testGate }) => {
  const claim = await claimMachines(localClient(testGate.run().gate), "file");
  await claim.release();
  await expect(claim.pause(FAILURE)).rejects.toMatchObject({ code: "LEASE_LOST" });
});
