import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { driverContract } from "./contract.ts";
import type { Authority, Driver, Orphan } from "./driver.ts";
import { fakeDriver } from "./fake/driver.ts";
import { setUpFakeMachines } from "./fake/fake-machines.test.kit.ts";
import type { LocalResource } from "./rig-stack.ts";

/** Titles of the cases that a driver does not pass, until there was one for each of these words. */
async function failures(driver: Driver, seenBy: readonly RegExp[]): Promise<string[]> {
  const scene = await setUpFakeMachines(["pc1"]);
  onTestFinished(() => scene[Symbol.asyncDispose]());
  const failed: string[] = [];
  for (const { title, run } of driverContract(scene.harness(driver))) {
    await run().catch(() => failed.push(title));
    if (seenBy.every((words) => failed.some((title) => words.test(title)))) break;
  }
  return failed;
}

const fake = fakeDriver();
const { park = async () => {}, stop = async () => {}, orphans = async () => [] } = fake;
let lastKey = "";

/** One fault each, and words of the cases that have to see it. */
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
    "lets the last key in beside the new one",
    {
      restore: async (machine, name, how) => {
        await fake.restore(machine, name, { ...how, authorize: `${how.authorize}\n${lastKey}` });
        lastKey = how.authorize;
      },
    },
    [/refuses the last one/],
  ],
  [
    "does nothing in restore but let the new key in",
    { restore: (machine, _name, how) => fake.boot(machine, how) },
    [
      /takes back files and processes/,
      /ends every session/,
      /ROLLBACK_FAILED/,
      /destroyed its own disk/,
    ],
  ],
  [
    "goes on after the lease was lost",
    { capture: (machine, name, how) => fake.capture(machine, name, unstoppable(how)) },
    [/aborted/],
  ],
  [
    "makes something when it is looked at",
    {
      inspect: async (copy) => {
        await writeFile(join(copy.folder, "seen"), "");
        return await fake.inspect(copy);
      },
    },
    [/looking makes nothing/],
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
    "takes a machine that lives for an orphan",
    {
      orphans: async (places) => [
        ...(await orphans(places)),
        { what: "pc1", copy: "pcs-1", remove: () => Promise.resolve() },
      ],
    },
    [/an orphan is listed/],
  ],
  [
    "keeps what it found",
    { orphans: async (places) => (await orphans(places)).map(kept) },
    [/an orphan is listed/],
  ],
  [
    "needs its fingerprint to declare what is destroyed",
    {
      declare: (stack, copy, made) =>
        made.fingerprint === undefined ? undefined : fake.declare(stack, copy, made),
    },
    [/without a fingerprint/],
  ],
  [
    "cannot be told to stop fetching",
    { fingerprint: (copy) => fake.fingerprint(copy) },
    [/asked for its fingerprint under a signal/],
  ],
  ["parks nothing", { park: () => Promise.resolve() }, [/parked machine is paused/]],
  [
    "leaves its machine behind in the destroy step",
    {
      declare: (stack, copy, made) =>
        fake.declare({ local: (resource) => stack.local(undestroyed(resource)) }, copy, made),
    },
    [/the create steps work again/],
  ],
  [
    "stamps another owner on its machines",
    { declare: (stack, copy, made) => fake.declare(stack, copy, { ...made, owner: "somebody" }) },
    [/what was made boots/],
  ],
  ["claims to keep processes", { rollback: "memory" }, [/takes back files and processes/]],
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

test("a driver and a harness are asked for what they declare, and for nothing else", async () => {
  await using scene = await setUpFakeMachines(["pc1", "pc2"]);
  const titles = (driver: Driver, lan: boolean): string =>
    driverContract({ ...scene.harness(driver), lan })
      .map(({ title }) => title)
      .join("\n");
  const { park: _, ...unparkable } = fake;
  expect(titles(fake, true)).toMatch(/parked[^]*LAN/);
  expect(titles(unparkable, false)).not.toMatch(/parked|LAN/);
});

/** As if no other holder had ever been. */
function unfenced<T extends Authority>(how: T): T {
  return { ...how, fence: Math.max(how.fence, 1_000_000) };
}

function unstoppable<T extends Authority>(how: T): T {
  return { ...how, signal: new AbortController().signal };
}

function kept(orphan: Orphan): Orphan {
  return { ...orphan, remove: () => Promise.resolve() };
}

function undestroyed(resource: LocalResource): LocalResource {
  return { ...resource, destroy: { command: ["true"] } };
}
