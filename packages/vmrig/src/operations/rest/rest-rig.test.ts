import { describe, expect, onTestFinished } from "vitest";
import type { RigConfig } from "../../config/schema.ts";
import type { Driver } from "../../driver/driver.ts";
import { fakeDriver } from "../../driver/fake/driver.ts";
import { openStore } from "../../gate/store/open-store.ts";
import { rigOf, test, type TestGate } from "../../gate/test-gate.test.kit.ts";
import { person } from "../../lease/fixtures/holders.ts";
import type { LeaseStore } from "../../lease/lease-store.ts";
import type { LeaseView } from "../../lease/lease-view.ts";
import type { StateStore } from "../../provision/state/state-store.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { restCopy } from "./rest-copy.ts";
import { restRig, type RestOutcome } from "./rest-rig.ts";

const PCS = { rig: "pcs", copies: ["pcs-1"] };
const HOUR_MS = 3_600_000;

type Rest = NonNullable<RigConfig["rest"]>;

/** Runs `vmrig rest` of a person. */
async function rest(
  { folders }: TestGate,
  action: Rest["do"],
  { driver = fakeDriver(), ...more }: Partial<RigConfig> = {},
): Promise<readonly RestOutcome[]> {
  const rig = rigOf({ driver, rest: { after: "8h", do: action }, ...more });
  const { signal } = new AbortController();
  const options = { rig, folders, holder: person("cron"), say: () => {}, signal };
  const outcomes: RestOutcome[] = [];
  for await (const outcome of restRig(options)) outcomes.push(outcome);
  return outcomes;
}

/** Creates the machines by a run, which ended hours ago. */
async function runHoursAgo(testGate: TestGate, hours: number, copies = 1): Promise<void> {
  const { gate } = testGate.run({ copies });
  await Promise.all(Array.from({ length: copies }, () => gate.claim("file")));
  await gate.close();
  for (let copy = 1; copy <= copies; copy += 1)
    await testGate
      .redis()
      .set(`vmrig:{pcs}:pcs-${copy}:used`, String(Date.now() - hours * HOUR_MS));
}

async function storeOf({ folders }: TestGate): Promise<LeaseStore> {
  const store = await openStore(rigOf({}), folders);
  onTestFinished(() => store.close());
  return store;
}

const powers = async (testGate: TestGate) =>
  Object.values(await testGate.machines()).map(({ power }) => power);

test("machines that no run used for long enough are powered off, once, and the next run has them", async ({
  testGate,
}) => {
  await runHoursAgo(testGate, 9);
  expect(await rest(testGate, "power-off")).toEqual([
    { copy: "pcs-1", did: "power-off", why: "not used for 9.0 h", what: ["pc1", "pc2"] },
  ]);
  expect(await powers(testGate)).toEqual(["off", "off"]);
  expect(await rest(testGate, "power-off")).toEqual([
    { copy: "pcs-1", did: "nothing", why: "its machines are off" },
  ]);
  const { gate } = testGate.run();
  await gate.claim("file");
  await gate.close();
  expect(await rest(testGate, "power-off")).toMatchObject([{ did: "kept" }]);
});

test("machines are destroyed where the config says so, once, with their state", async ({
  testGate,
}) => {
  await runHoursAgo(testGate, 9);
  expect(await rest(testGate, "destroy")).toEqual([
    {
      copy: "pcs-1",
      did: "destroy",
      why: "not used for 9.0 h",
      what: ["terraform_data.pc1", "terraform_data.pc2"],
    },
  ]);
  expect(await testGate.machines()).toMatchObject({ pc1: { power: "absent" } });
  expect(await rest(testGate, "destroy")).toEqual([
    { copy: "pcs-1", did: "nothing", why: "it has no machines" },
  ]);
});

test("a copy that was used lately stays, and so does every copy of a config that keeps them", async ({
  testGate,
}) => {
  await runHoursAgo(testGate, 3);
  expect(await rest(testGate, "power-off")).toEqual([
    { copy: "pcs-1", did: "kept", why: "used 3.0 h ago, and rests after 8.0 h" },
  ]);
  await runHoursAgo(testGate, 9);
  expect(await rest(testGate, "keep")).toMatchObject([{ did: "kept" }]);
  expect(await powers(testGate)).toEqual(["paused", "paused"]);
});

describe("a copy stays while", () => {
  test("a run has it, for however long", async ({ testGate }) => {
    const { gate } = testGate.run();
    await gate.claim("file");
    await testGate.redis().set("vmrig:{pcs}:pcs-1:used", "1000");
    expect(await rest(testGate, "destroy")).toMatchObject([
      { did: "kept", why: expect.stringMatching(/^held by alice@laptop/) as string },
    ]);
    await gate.close();
  });

  test("it is retained for a person", async ({ testGate }) => {
    await runHoursAgo(testGate, 9);
    const store = await storeOf(testGate);
    const lease = await store.acquire(PCS, { holder: person("alice"), waitForMs: 1000 });
    await store.retain(lease, { forMs: 60_000, why: "after a failed run" });
    expect(await rest(testGate, "destroy")).toMatchObject([
      { did: "kept", why: expect.stringMatching(/^retained by alice/) as string },
    ]);
    expect(await powers(testGate)).toEqual(["paused", "paused"]);
  });

  test("a run used it after the first look", async ({ testGate }) => {
    await runHoursAgo(testGate, 9);
    const store = await storeOf(testGate);
    const driver: Driver = {
      ...fakeDriver(),
      async inspect(copy) {
        // A run comes between the look and the lease.
        const lease = await store.acquire(PCS, { holder: person("bob"), waitForMs: 1000 });
        await store.markUsed(lease);
        await lease.release();
        return await fakeDriver().inspect(copy);
      },
    };
    expect(await rest(testGate, "power-off", { driver })).toMatchObject([
      { did: "kept", why: expect.stringMatching(/^used \d\.\d s ago, and rests/) as string },
    ]);
    expect(await powers(testGate)).toEqual(["paused", "paused"]);
  });

  test("another run got it meanwhile", async ({ testGate }) => {
    await runHoursAgo(testGate, 9);
    const store = await storeOf(testGate);
    const driver: Driver = {
      ...fakeDriver(),
      async inspect(copy) {
        await store.tryAcquire(PCS, { holder: person("bob") });
        return await fakeDriver().inspect(copy);
      },
    };
    expect(await rest(testGate, "destroy", { driver })).toEqual([
      { copy: "pcs-1", did: "kept", why: "another run has got it by now" },
    ]);
  });

  test("a run waits for it that has not taken it yet", async ({ testGate }) => {
    const waiter = { holder: person("bob"), waitedMs: 5, extra: false, accepts: ["pcs-1"] };
    const view = (): Promise<LeaseView> =>
      Promise.resolve({ rig: "pcs", copies: [{ copy: "pcs-1", fence: 1 }], queue: [waiter] });
    const config: Rest = { after: "8h", do: "destroy" };
    const rig = { ...rigOf({}), rest: { ...config, after: 8 * HOUR_MS } };
    const outcome = await restCopy({
      rig,
      copy: await testGate.copy(),
      store: { view } as Partial<LeaseStore> as LeaseStore, // nothing else may be asked
      states: {} as StateStore,
      holder: person("cron"),
      say: () => {},
      signal: new AbortController().signal,
    });
    expect(outcome).toEqual({ did: "kept", why: "a run waits for it" });
  });
});

test("without a note of its last use, the time of a copy begins with the first rest", async ({
  testGate,
}) => {
  await runHoursAgo(testGate, 9);
  await testGate.redis().del("vmrig:{pcs}:pcs-1:used");
  expect(await rest(testGate, "power-off")).toMatchObject([
    { did: "kept", why: "its last use is not known, so the time begins now" },
  ]);
  expect(await rest(testGate, "power-off")).toMatchObject([
    { did: "kept", why: expect.stringMatching(/^used \d\.\d s ago, and rests/) as string },
  ]);
});

test("a copy that fails does not stop the others", async ({ testGate }) => {
  await runHoursAgo(testGate, 9, 2);
  const fake = fakeDriver();
  const driver: Driver = {
    ...fake,
    async stop(machine, authority) {
      if (machine.copy.copy === "pcs-1")
        throw new VmrigError("MACHINE_UNREACHABLE", { message: "pc1 hangs." });
      await fake.stop?.(machine, authority);
    },
  };
  expect(await rest(testGate, "power-off", { driver, copies: 2 })).toMatchObject([
    { copy: "pcs-1", did: "failed", why: "pc1 hangs.", error: { code: "MACHINE_UNREACHABLE" } },
    { copy: "pcs-2", did: "power-off" },
  ]);
});

test("a config without `rest` is refused, with an example", async ({ testGate }) => {
  const rig = rigOf({});
  const { signal } = new AbortController();
  const options = { rig, folders: testGate.folders, holder: person("cron"), say() {}, signal };
  await expect(restRig(options).next()).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    hint: 'add `rest: { after: "8h", do: "power-off" }`',
  });
});
