import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { generateKeyPair } from "../../ssh/keys.ts";
import { deeds } from "./control.ts";
import type { ContractCase } from "./harness.ts";
import { rejectsWith, run, type TestMachines } from "./test-machines.ts";
import { StepStack } from "./step-stack.ts";

/** A warm run asks for it each time. */
const FINGERPRINTS = 10;
const FINGERPRINTS_MS = 10_000;

/** From nothing to machines that let somebody in. */
export function makingCases(stage: TestMachines): ContractCase[] {
  const { driver, harness } = stage;
  const { copy } = harness;

  return [
    {
      title: "its fingerprint is stable, and cheap to ask for again",
      async run() {
        const fingerprint = await driver.fingerprint(copy);
        assert(
          fingerprint.image !== "" && fingerprint.platform !== "",
          "a part of the fingerprint is empty",
        );
        const start = performance.now();
        for (let asked = 0; asked < FINGERPRINTS; asked += 1)
          assert.deepEqual(await driver.fingerprint(copy), fingerprint);
        assert(
          performance.now() - start < FINGERPRINTS_MS,
          `asking ${FINGERPRINTS} times took more than ${FINGERPRINTS_MS} ms`,
        );
      },
    },
    {
      title:
        "it is asked for its fingerprint under a signal that has aborted, and rejects with its reason",
      async run() {
        const reason = new Error("nobody wants it any more");
        const outcome = await driver
          .fingerprint(copy, { signal: AbortSignal.abort(reason) })
          .catch((error: unknown) => error);
        assert.equal(outcome, reason);
      },
    },
    {
      title:
        "what it declares without a fingerprint, to destroy, has the same names in the same order",
      async run() {
        const [whole, bare] = [new StepStack(), new StepStack()];
        await driver.declare(whole, copy, {
          fingerprint: await driver.fingerprint(copy),
          owner: stage.owner,
        });
        await driver.declare(
          bare,
          { ...copy, cacheFolder: join(copy.folder, "no-cache") },
          { owner: stage.owner },
        );
        const shape = ({ resources }: StepStack): unknown =>
          resources.map(({ name, destroy, dependsOn }) => ({ name, destroy, dependsOn }));
        assert.deepEqual(shape(bare), shape(whole));
        assert.deepEqual(await entries(stage), [], "declaring made something");
      },
    },
    {
      title: "it declares the same each time, a resource named after each machine among it",
      async run() {
        const made = { fingerprint: await driver.fingerprint(copy), owner: stage.owner };
        const again = new StepStack();
        await driver.declare(stage.stack, copy, made);
        await driver.declare(again, copy, made);
        assert.deepEqual(again.resources, stage.stack.resources);
        const names = stage.stack.resources.map(({ name }) => name);
        for (const name of stage.names)
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
      title: "before anything is made every machine is absent, and looking makes nothing",
      async run() {
        const before = await entries(stage);
        const { machines } = await driver.inspect(copy);
        assert.deepEqual(
          machines.toSorted((a, b) => a.name.localeCompare(b.name)),
          stage.names
            .toSorted((a, b) => a.localeCompare(b))
            .map((name) => ({ name, power: "absent", snapshots: [] })),
        );
        assert.deepEqual(await entries(stage), before);
      },
    },
    {
      title: "a call on a machine that does not exist is MACHINE_MISSING",
      async run() {
        for (const [name, act] of deeds(stage)) {
          await rejectsWith(
            "MACHINE_MISSING",
            name,
            act(stage.ref(stage.subject), stage.authority()),
          );
        }
      },
    },
    {
      title: "what was made boots, is what was declared, and lets in the one key that it was given",
      async run() {
        await stage.stack.create();
        await Promise.all(
          stage.names.map((name) => driver.boot(stage.ref(name), stage.admission())),
        );
        for (const name of stage.names) {
          const { power, owner, snapshots, hostKey } = await stage.status(name);
          assert.deepEqual(
            { power, owner, snapshots },
            { power: "running", owner: stage.owner, snapshots: [] },
          );
          assert.match(hostKey ?? "", /^ssh-ed25519 [A-Za-z0-9+/=]+$/, "not a bare public key");
          await using connection = await stage.login(name);
          assert.equal(await run(connection, "cd && echo $(( 6 * 7 ))"), "42");
        }
        await rejectsWith(
          "HOST_KEY_MISMATCH",
          "another host key",
          stage.login(stage.subject, { hostKey: generateKeyPair().publicKey }),
        );
        await rejectsWith(
          "LOGIN_REFUSED",
          "another key",
          stage.login(stage.subject, { key: generateKeyPair() }),
        );
      },
    },
    {
      title: "a machine that the spec does not name is listed, too",
      async run() {
        const { machines } = await driver.inspect({ ...copy, machines: [] });
        assert.deepEqual(
          machines.map(({ name, power }) => `${name} ${power}`).toSorted(),
          stage.names.map((name) => `${name} running`).toSorted(),
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
