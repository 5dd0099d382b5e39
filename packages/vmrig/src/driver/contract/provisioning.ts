import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../clock/clock.ts";
import { generateKeyPair } from "../../ssh/keys.ts";
import { controlCalls } from "./control.ts";
import type { Origin } from "../origin.ts";
import type { ContractCase } from "./harness.ts";
import { rejectsWith, run, type TestMachines } from "./test-machines.ts";
import type { StepStack } from "./step-stack.ts";

/** A warm run requests the fingerprint each time. */
const FINGERPRINTS = 10;
const FINGERPRINTS_MS = 10_000;

/** Cases from no machines to machines that can be logged in to. */
export function provisioningCases(testMachines: TestMachines): ContractCase[] {
  const { driver, harness } = testMachines;
  const { copy } = harness;

  return [
    {
      title: "the fingerprint is stable, and cheap to request again",
      async run() {
        const fingerprint = await driver.fingerprint(copy);
        assert(
          fingerprint.image !== "" && fingerprint.platform !== "",
          "a part of the fingerprint is empty",
        );
        const start = systemClock.monotonic();
        for (let count = 0; count < FINGERPRINTS; count += 1)
          assert.deepEqual(await driver.fingerprint(copy), fingerprint);
        assert(
          systemClock.monotonic() - start < FINGERPRINTS_MS,
          `requesting it ${FINGERPRINTS} times took more than ${FINGERPRINTS_MS} ms`,
        );
      },
    },
    {
      title: "a fingerprint under an aborted signal rejects with the signal's reason",
      async run() {
        const reason = new Error("the fingerprint is no longer needed");
        const outcome = await driver
          .fingerprint(copy, { signal: AbortSignal.abort(reason) })
          .catch((error: unknown) => error);
        assert.equal(outcome, reason);
      },
    },
    {
      title:
        "a declaration without a fingerprint, for destroying, has the same names in the same order",
      async run() {
        const whole = await testMachines.declare();
        const { owner } = testMachines;
        const bare = await testMachines.declare(
          { ...copy, cacheFolder: join(copy.folder, "no-cache") },
          { owner },
        );
        const shape = ({ resources, ofProviders }: StepStack): unknown => [
          resources.map(({ name, destroy, dependsOn }) => ({ name, destroy, dependsOn })),
          ofProviders.map(({ type, name, dependsOn }) => ({ type, name, dependsOn })),
        ];
        assert.deepEqual(shape(bare), shape(whole));
        assert.deepEqual(await entries(testMachines), [], "declare created a file");
      },
    },
    {
      title: "every declaration is identical, and contains a resource named after each machine",
      async run() {
        const [first, again] = [await testMachines.declare(), await testMachines.declare()];
        assert.deepEqual(again.resources, first.resources);
        // A provider's resource may contain what is made for each creation, and then ignored.
        const kinds = ({ ofProviders }: StepStack): unknown =>
          ofProviders.map(({ attributes, ...others }) => ({
            ...others,
            has: Object.keys(attributes),
          }));
        assert.deepEqual(kinds(again), kinds(first));
        const names = [...first.resources, ...first.ofProviders].map(({ name }) => name);
        for (const name of testMachines.names)
          assert(names.includes(name), `${name} is not among ${names.join(", ")}`);
        for (const { name, input } of again.resources) {
          assert.deepEqual(
            JSON.parse(JSON.stringify(input)),
            input,
            `the input of ${name} does not survive JSON`,
          );
        }
      },
    },
    {
      title: "before creation every machine is absent, and inspect creates nothing",
      async run() {
        const before = await entries(testMachines);
        const { machines } = await driver.inspect(copy);
        assert.deepEqual(
          machines.toSorted((a, b) => a.name.localeCompare(b.name)),
          testMachines.names
            .toSorted((a, b) => a.localeCompare(b))
            .map((name) => ({ name, power: "absent", snapshots: [] })),
        );
        assert.deepEqual(await entries(testMachines), before);
      },
    },
    {
      title: "a call on a machine that does not exist is MACHINE_MISSING",
      async run() {
        for (const [name, act] of controlCalls(testMachines)) {
          await rejectsWith(
            "MACHINE_MISSING",
            name,
            act(testMachines.ref(testMachines.subject), testMachines.authority()),
          );
        }
      },
    },
    {
      title: "a created machine boots, matches its declaration, and admits only the given key",
      async run() {
        await testMachines.create();
        await Promise.all(
          testMachines.names.map((name) =>
            driver.boot(testMachines.ref(name), testMachines.admission()),
          ),
        );
        for (const name of testMachines.names) {
          const { power, owner, origin, snapshots, hostKey } = await testMachines.status(name);
          assert.deepEqual(
            { power, owner, origin, snapshots },
            {
              power: "running",
              owner: testMachines.owner,
              origin: testMachines.origin(name),
              snapshots: [],
            },
          );
          assert.match(hostKey ?? "", /^ssh-ed25519 [A-Za-z0-9+/=]+$/, "not a bare public key");
          await using connection = await testMachines.login(name);
          assert.equal(await run(connection, "cd && echo $(( 6 * 7 ))"), "42");
        }
        await rejectsWith(
          "HOST_KEY_MISMATCH",
          "another host key",
          testMachines.login(testMachines.subject, { hostKey: generateKeyPair().publicKey }),
        );
        await rejectsWith(
          "LOGIN_REFUSED",
          "another key",
          testMachines.login(testMachines.subject, { key: generateKeyPair() }),
        );
      },
    },
    {
      title: "machines that are complete are taken over, and not created a second time",
      async run() {
        const before = await Promise.all(
          testMachines.names.map((name) => testMachines.status(name)),
        );
        await testMachines.create();
        for (const machine of before) {
          assert.deepEqual(await testMachines.status(machine.name), {
            ...machine,
            ...originOf(testMachines, machine.name),
          });
        }
      },
    },
    {
      title: "a machine that is not in the spec is listed, too",
      async run() {
        const { machines } = await driver.inspect({ ...copy, machines: [] });
        assert.deepEqual(
          machines.map(({ name, power }) => `${name} ${power}`).toSorted(),
          testMachines.names.map((name) => `${name} running`).toSorted(),
        );
      },
    },
  ];
}

async function entries({ harness: { copy } }: TestMachines): Promise<string[]> {
  const lists = await Promise.all(
    [copy.folder, copy.runtimeFolder].map((folder) => readdir(folder, { recursive: true })),
  );
  return lists.flat().toSorted();
}

/** Machines of providers have no origin. */
function originOf(testMachines: TestMachines, name: string): { readonly origin?: Origin } {
  const origin = testMachines.origin(name);
  return origin === undefined ? {} : { origin };
}
