import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { driverContract } from "./contract.ts";
import type { Authority } from "./authority.ts";
import type { Driver } from "./driver.ts";
import type { Orphan } from "./orphan.ts";
import { fakeDriver } from "./fake/driver.ts";
import { setUpFakeMachines } from "./fake/fake-machines.test.kit.ts";
import { localOnly, type LocalResource } from "./rig-stack.ts";

/** Returns the titles of failed cases. Stops as soon as each pattern has matched a failed title. */
async function failures(driver: Driver, seenBy: readonly RegExp[]): Promise<string[]> {
  const machines = await setUpFakeMachines(["pc1"]);
  onTestFinished(() => machines[Symbol.asyncDispose]());
  const failed: string[] = [];
  for (const { title, run } of driverContract(machines.harness(driver))) {
    await run().catch(() => failed.push(title));
    if (seenBy.every((words) => failed.some((title) => words.test(title)))) break;
  }
  return failed;
}

const fake = fakeDriver();
const { park = async () => {}, stop = async () => {}, orphans = async () => [] } = fake;
let lastKey = "";

/** Each entry: one fault of a driver, and patterns of the cases that must detect it. */
const FAULTS: ReadonlyArray<
  readonly [fault: string, driver: Partial<Driver>, seenBy: readonly RegExp[]]
> = [
  [
    "forgets the fence in restore",
    { restore: (machine, name, how) => fake.restore(machine, name, unfenced(how)) },
    [/FENCED/],
  ],
  [
    "forgets the fence in capture",
    { capture: (machine, name, how) => fake.capture(machine, name, unfenced(how)) },
    [/FENCED/],
  ],
  [
    "forgets the fence in boot",
    { boot: (machine, how) => fake.boot(machine, unfenced(how)) },
    [/FENCED/],
  ],
  [
    "forgets the fence in remove",
    { remove: (machine, how) => fake.remove(machine, unfenced(how)) },
    [/FENCED/],
  ],
  [
    "forgets the fence in park",
    { park: (machine, how) => park(machine, unfenced(how)) },
    [/FENCED/],
  ],
  [
    "authorizes the previous key in addition to the new one",
    {
      restore: async (machine, name, how) => {
        await fake.restore(machine, name, { ...how, authorize: `${how.authorize}\n${lastKey}` });
        lastKey = how.authorize;
      },
    },
    [/refuses the previous one/],
  ],
  [
    "does nothing in restore but authorize the new key",
    { restore: (machine, _name, how) => fake.boot(machine, how) },
    [
      /reverts files and processes/,
      /ends every session/,
      /ROLLBACK_FAILED/,
      /destroyed its own disk/,
    ],
  ],
  [
    "continues after the lease was lost",
    { capture: (machine, name, how) => fake.capture(machine, name, unstoppable(how)) },
    [/aborted/],
  ],
  [
    "creates a file in inspect",
    {
      inspect: async (copy) => {
        await writeFile(join(copy.folder, "seen"), "");
        return await fake.inspect(copy);
      },
    },
    [/inspect creates nothing/],
  ],
  ["captures nothing", { capture: () => Promise.resolve() }, [/a capture is listed/]],
  ["removes nothing", { remove: () => Promise.resolve() }, [/a removed machine is absent/]],
  [
    "forgets the fence in stop",
    { stop: (machine, how) => stop(machine, unfenced(how)) },
    [/FENCED/, /stopped machine is off/],
  ],
  ["stops nothing", { stop: () => Promise.resolve() }, [/stopped machine is off/]],
  ["finds no orphan", { orphans: () => Promise.resolve([]) }, [/an orphan is listed/]],
  [
    "lists a running machine as an orphan",
    {
      orphans: async (places) => [
        ...(await orphans(places)),
        { what: "pc1", copy: "pcs-1", remove: () => Promise.resolve() },
      ],
    },
    [/an orphan is listed/],
  ],
  [
    "does not remove the orphans that it found",
    { orphans: async (places) => (await orphans(places)).map(unremovable) },
    [/an orphan is listed/],
  ],
  [
    "needs its fingerprint to declare the resources to destroy",
    {
      declare: (stack, copy, options) =>
        options.fingerprint === undefined ? undefined : fake.declare(stack, copy, options),
    },
    [/without a fingerprint/],
  ],
  [
    "ignores the signal of fingerprint",
    { fingerprint: (copy) => fake.fingerprint(copy) },
    [/a fingerprint under an aborted signal/],
  ],
  ["parks nothing", { park: () => Promise.resolve() }, [/parked machine is paused/]],
  [
    "leaves its machine behind in the destroy step",
    {
      declare: (stack, copy, options) =>
        fake.declare(
          localOnly((resource) => stack.local(undestroyed(resource))),
          copy,
          options,
        ),
    },
    [/the create steps work again/],
  ],
  [
    "stamps another owner on its machines",
    {
      declare: (stack, copy, options) =>
        fake.declare(stack, copy, { ...options, owner: "another" }),
    },
    [/a created machine boots/],
  ],
  ["claims to keep processes", { rollback: "memory" }, [/reverts files and processes/]],
];

test.each(FAULTS)(
  "a driver that %s does not pass",
  { timeout: 120_000 },
  async (_fault, changes, seenBy) => {
    expect(await failures({ ...fake, ...changes }, seenBy)).toEqual(
      expect.arrayContaining(seenBy.map((words): unknown => expect.stringMatching(words))),
    );
  },
);

test("tests only the capabilities that a driver and a harness declare", async () => {
  await using machines = await setUpFakeMachines(["pc1", "pc2"]);
  const titles = (driver: Driver, lan: boolean): string =>
    driverContract({ ...machines.harness(driver), lan })
      .map(({ title }) => title)
      .join("\n");
  const { park: _, ...unparkable } = fake;
  expect(titles(fake, true)).toMatch(/parked[^]*LAN/);
  expect(titles(unparkable, false)).not.toMatch(/parked|LAN/);
});

/** Passes a fence that is larger than that of any other holder. */
function unfenced<T extends Authority>(how: T): T {
  return { ...how, fence: Math.max(how.fence, 1_000_000) };
}

function unstoppable<T extends Authority>(how: T): T {
  return { ...how, signal: new AbortController().signal };
}

function unremovable(orphan: Orphan): Orphan {
  return { ...orphan, remove: () => Promise.resolve() };
}

function undestroyed(resource: LocalResource): LocalResource {
  return { ...resource, destroy: { command: ["true"] } };
}
