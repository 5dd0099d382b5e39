import { expect, onTestFinished, test } from "vitest";
import { systemClock, type Clock } from "../clock/clock.ts";
import { StepStack } from "../driver/contract/step-stack.ts";
import type { CopySpec, Driver } from "../driver/driver.ts";
import { fakeDriver } from "../driver/fake/driver.ts";
import { setUpFakeMachines } from "../driver/fake/fake-machines.test.kit.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { generateKeyPair } from "../ssh/keys.ts";
import { baselineSnapshot } from "./baseline-id.ts";
import { establishBaseline, type BaselineSource } from "./establish.ts";
import { admission, onEach, type LeasedContext } from "./leased-context.ts";
import { login } from "./login.ts";
import { pristinesOf, upgradedAt } from "./pristine.ts";
import { EMPTY_RECIPE } from "./recipe.ts";
import { refreshBaseline, requireRefresh, type RefreshOptions } from "./refresh.ts";

/** The baseline shows which packages the machine had when it was prepared. */
const RECIPE = { ...EMPTY_RECIPE, run: ["cp package prepared-with"] };
const SOURCE: BaselineSource = {
  fingerprint: { image: "fake", platform: "fake" },
  recipes: { pc1: RECIPE, pc2: RECIPE },
};

interface TestRig {
  readonly copy: CopySpec;
  readonly said: string[];
  /** Returns the context of the next lease. */
  lease(driver?: Driver): LeasedContext;
  /** Returns the package of the baseline's machines, and with which one they were prepared. */
  packages(context: LeasedContext, id: string): Promise<string[]>;
  snapshots(): Promise<ReadonlyMap<string, readonly string[]>>;
}

async function setUpRig(): Promise<TestRig> {
  const { copy, ...machines } = await setUpFakeMachines();
  onTestFinished(() => machines[Symbol.asyncDispose]());
  const said: string[] = [];
  let fence = 0;
  const lease = (driver = fakeDriver()): LeasedContext => ({
    driver,
    copy,
    lease: { fence: ++fence, signal: new AbortController().signal, assertHeld: () => {} },
    key: generateKeyPair(),
    say: (line) => said.push(line),
  });
  const stack = new StepStack();
  await fakeDriver().declare(stack, copy, { owner: "me" });
  await stack.create();
  const context = lease();
  await onEach(context, async (machine) => {
    await context.driver.boot(machine, admission(context));
    await using connection = await login(context, machine);
    await connection.exec("echo 1 > package");
  });
  return {
    copy,
    said,
    lease,
    packages: (context, id) =>
      onEach(context, async (machine) => {
        await context.driver.restore(machine, baselineSnapshot(id), admission(context));
        await using connection = await login(context, machine);
        const { stdout } = await connection.exec("cat package prepared-with; ls");
        return stdout.toString().trim().split("\n").join(" ");
      }),
    async snapshots() {
      const { machines } = await fakeDriver().inspect(copy);
      return new Map(machines.map(({ name, snapshots }) => [name, snapshots.toSorted()]));
    },
  };
}

/** Upgrades the package to a version. It leaves a file half-way, as a killed upgrade would. */
function upgradeTo(
  version: number,
  more: { readonly reboot?: string } = {},
): NonNullable<RefreshOptions["upgrade"]> {
  return async (context, machine) => {
    await using connection = await login(context, machine);
    const { stdout } = await connection.exec(
      `touch half; [ "$(cat package)" = ${version} ] || { echo ${version} > package; echo changed; }; rm half`,
    );
    return {
      changed: stdout.toString() === "changed\n" ? 1 : 0,
      kept: [],
      rebootBecause: more.reboot === undefined ? [] : [more.reboot],
    };
  };
}

const at = (time: string): Clock => ({ ...systemClock, wall: () => Date.parse(time) });
const FILES = "package prepared-with";

test("an upgrade captures pristine snapshots and baselines again, and deletes the old ones", async () => {
  const { lease, packages, snapshots, said } = await setUpRig();
  const context = lease();
  const before = await establishBaseline(context, SOURCE);
  const after = await refreshBaseline(context, SOURCE, before, {
    upgrade: upgradeTo(2),
    clock: at("2026-11-30T03:40:12Z"),
  });
  expect(after.id).not.toBe(before.id);
  const left = [`baseline-${after.id}`, "pristine-20261130-034012"];
  expect(Object.fromEntries(await snapshots())).toEqual({ pc1: left, pc2: left });
  expect(await packages(context, after.id)).toEqual([`2 2 ${FILES}`, `2 2 ${FILES}`]);
  expect(said).toContainEqual(expect.stringMatching(/packages changed: pc1 1, pc2 1; done after/));
  // The next run finds it, and prepares nothing.
  said.length = 0;
  expect(await establishBaseline(lease(), SOURCE)).toMatchObject({ id: after.id, booted: [] });
  expect(said).toEqual([]);
});

test("an upgrade that finds nothing changes no snapshot, and says so in one line", async () => {
  const { lease, snapshots, said } = await setUpRig();
  const context = lease();
  const before = await establishBaseline(context, SOURCE);
  const existing = await snapshots();
  said.length = 0;
  expect(await refreshBaseline(context, SOURCE, before, { upgrade: upgradeTo(1) })).toBe(before);
  expect(await snapshots()).toEqual(existing);
  expect(said.slice(1)).toEqual([
    "upgrade  pcs-1: nothing to upgrade; the baseline stays as it is",
  ]);
});

test("a change of the recipe after an upgrade begins at the upgraded machines", async () => {
  const { lease, packages } = await setUpRig();
  const context = lease();
  const before = await establishBaseline(context, SOURCE);
  await refreshBaseline(context, SOURCE, before, { upgrade: upgradeTo(2) });
  const changed = { ...RECIPE, run: ["echo other > prepared-with"] };
  const { id } = await establishBaseline(context, {
    ...SOURCE,
    recipes: { pc1: changed, pc2: changed },
  });
  expect(await packages(context, id)).toEqual([`2 other ${FILES}`, `2 other ${FILES}`]);
});

test("only machines that need it are rebooted, with the reason", async () => {
  const { lease, said } = await setUpRig();
  const rebooted: string[] = [];
  const fake = fakeDriver();
  const context = lease({
    ...fake,
    async power(machine, action, by) {
      rebooted.push(`${machine.name} ${action}`);
      await fake.power?.(machine, action, by);
    },
  });
  const before = await establishBaseline(context, SOURCE);
  await refreshBaseline(context, SOURCE, before, {
    upgrade: (leased, machine, clock) =>
      upgradeTo(2, machine.name === "pc2" ? { reboot: "its kernel was upgraded" } : {})(
        leased,
        machine,
        clock,
      ),
  });
  expect(rebooted).toEqual(["pc2 reboot"]);
  expect(said).toContain("boot     pcs-1 pc2: rebooting, because its kernel was upgraded");
});

test("an upgrade that fails on one machine leaves the baseline of all as it was", async () => {
  const { lease, packages, snapshots } = await setUpRig();
  const context = lease();
  const before = await establishBaseline(context, SOURCE);
  const existing = await snapshots();
  const failure = new VmrigError("UPGRADE_FAILED", { message: "no mirror" });
  const failing = refreshBaseline(context, SOURCE, before, {
    upgrade: async (leased, machine, clock) => {
      if (machine.name === "pc2") throw failure;
      return upgradeTo(2)(leased, machine, clock);
    },
  });
  await expect(failing).rejects.toBe(failure);
  expect(await snapshots()).toEqual(existing);
  expect(await packages(context, before.id)).toEqual([`1 1 ${FILES}`, `1 1 ${FILES}`]);
});

test("a machine that does not boot after its upgrade leaves the baseline as it was", async () => {
  const { lease, packages, snapshots } = await setUpRig();
  const context = lease({
    ...fakeDriver(),
    power: () => Promise.reject(new VmrigError("MACHINE_UNREACHABLE", { message: "no answer" })),
  });
  const before = await establishBaseline(context, SOURCE);
  const existing = await snapshots();
  const upgrade = upgradeTo(2, { reboot: "its kernel was upgraded" });
  await expect(refreshBaseline(context, SOURCE, before, { upgrade })).rejects.toMatchObject({
    code: "UPGRADE_FAILED",
    summary: expect.stringMatching(/^pc\d did not boot again after its packages were upgraded/),
    details: ["no answer"],
  });
  expect(await snapshots()).toEqual(existing);
  expect(await packages(context, before.id)).toEqual([`1 1 ${FILES}`, `1 1 ${FILES}`]);
});

/** Ends all work at a call, before or after the call had its effect. */
function killAt(call: number, effect: "before" | "after") {
  const killed = new Error("killed");
  let calls = 0;
  const counted =
    <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const mine = calls++;
      if (mine > call || (mine === call && effect === "before")) throw killed;
      const result = await work(...args);
      if (mine >= call) throw killed;
      return result;
    };
  const { restore, capture, drop, ...fake } = fakeDriver();
  const driver: Driver = {
    ...fake,
    restore: counted(restore),
    capture: counted(capture),
    ...(drop && { drop: counted(drop) }),
  };
  return { driver, counted, killed, wasKilled: () => calls > call };
}

test("however an upgrade is killed, the next run finds all machines before it or all after it, with the baseline that belongs to them", async () => {
  const { lease, packages, snapshots, said } = await setUpRig();
  let present = await establishBaseline(lease(), SOURCE);
  let version = 1;
  let whole = false;
  const outcomes: string[] = [];
  for (let call = 0; !whole; call++) {
    for (const effect of ["before", "after"] as const) {
      const { driver, counted, killed, wasKilled } = killAt(call, effect);
      const upgrade = counted(upgradeTo(version + 1));
      const refreshing = refreshBaseline(lease(driver), SOURCE, present, { upgrade });
      const result = await refreshing.catch((error: unknown) => error);
      whole = !wasKilled();
      if (!whole) expect(result).toBe(killed);

      said.length = 0;
      const context = lease();
      const next = await establishBaseline(context, SOURCE);
      expect(
        said.filter((line) => /prepar/.test(line)),
        `${call} ${effect}`,
      ).toEqual([]);
      const isNew = next.id !== present.id;
      if (isNew) version += 1;
      expect(await packages(context, next.id), `${call} ${effect}`).toEqual(
        Array(2).fill(`${version} ${version} ${FILES}`),
      );
      for (const names of (await snapshots()).values())
        expect(pristinesOf({ name: "", snapshots: names })).toHaveLength(1);
      outcomes.push(isNew ? "new" : "old");
      present = next;
    }
  }
  expect(outcomes.indexOf("new")).toBeGreaterThan(10);
  // From one call on the new state counts, and never again the old one.
  expect(outcomes.slice(outcomes.indexOf("new"))).not.toContain("old");
}, 180_000);

test("an upgraded snapshot's name has the time of the upgrade", async () => {
  const { lease } = await setUpRig();
  const context = lease();
  const before = await establishBaseline(context, SOURCE);
  const { pristines } = await refreshBaseline(context, SOURCE, before, {
    upgrade: upgradeTo(2),
    clock: at("2026-11-30T03:40:12.900Z"),
  });
  expect(upgradedAt(pristines.get("pc1") ?? "")).toBe(Date.parse("2026-11-30T03:40:12Z"));
});

test("a driver that cannot reboot machines or delete snapshots, or whose machines have no packages, is refused", async () => {
  const { power: _power, drop: _drop, ...without } = fakeDriver();
  expect(() => requireRefresh({ ...without, guest: "linux" })).toThrow(
    expect.objectContaining({
      code: "CAPABILITY_MISSING",
      details: ["it cannot reboot a machine", "it cannot delete a snapshot"],
    }),
  );
  expect(() => requireRefresh(fakeDriver())).toThrow(
    expect.objectContaining({
      summary: 'Machines of driver "fake" have no packages of their own to upgrade.',
    }),
  );
  expect(() => requireRefresh({ ...fakeDriver(), guest: "linux" })).not.toThrow();
});
