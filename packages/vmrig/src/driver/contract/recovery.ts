import assert from "node:assert/strict";
import { inspect } from "node:util";
import { isVmrigError } from "../../errors/vmrig-error.ts";
import { waitFor } from "../../wait/wait-for.ts";
import type { ContractCase } from "./harness.ts";
import { ask, CONTRACT_SNAPSHOT, rejectsWith, type TestMachines } from "./test-machines.ts";

const WIPE_MS = 120_000;
const KILL_MS = 20_000;

/** Cases about the states from which a restore recovers a machine. */
export function recoveryCases(testMachines: TestMachines): ContractCase[] {
  const { driver, harness } = testMachines;
  const { park, stop } = driver;

  const parking: ContractCase = {
    title: "a parked machine is paused, and a restore resumes it",
    async run() {
      await testMachines.restore(testMachines.subject);
      assert(park !== undefined);
      await park(testMachines.ref(testMachines.subject), testMachines.authority());
      assert.equal((await testMachines.status(testMachines.subject)).power, "paused");
      await testMachines.restore(testMachines.subject);
      await works(testMachines, testMachines.subject);
    },
  };

  const stopping: ContractCase = {
    title:
      "a stopped machine is off and can be stopped again; a restore starts it at its snapshot, with the same host key",
    async run() {
      await testMachines.restore(testMachines.subject);
      assert(stop !== undefined);
      const { hostKey, snapshots } = await testMachines.status(testMachines.subject);
      await ask(testMachines, testMachines.subject, "echo dirty > dirty");
      await stop(testMachines.ref(testMachines.subject), testMachines.authority());
      await stop(testMachines.ref(testMachines.subject), testMachines.authority());
      const off = await testMachines.status(testMachines.subject);
      assert.deepEqual(
        [off.power, off.address, off.hostKey, off.snapshots],
        ["off", undefined, hostKey, snapshots],
      );
      await rejectsWith(
        "FENCED",
        "stop with a smaller fence",
        stop(
          testMachines.ref(testMachines.subject),
          testMachines.authority(testMachines.fence - 1),
        ),
      );

      await testMachines.restore(testMachines.subject);
      await works(testMachines, testMachines.subject);
      assert.equal(
        await ask(testMachines, testMachines.subject, "[ ! -e dirty ] && echo clean"),
        "clean",
      );
      assert.equal((await testMachines.status(testMachines.subject)).hostKey, hostKey);
    },
  };

  return [
    {
      title: "a machine that destroyed its own disk works again after a restore, or from its image",
      async run() {
        await testMachines.restore(testMachines.subject);
        const session = await testMachines.login(testMachines.subject);
        await session.exec(harness.wipe, { timeoutMs: WIPE_MS }).catch(() => {});
        await session.close();
        const survived = await ask(testMachines, testMachines.subject, "cat kept").catch(
          () => "nothing",
        );
        assert.equal(survived, "nothing", "the harness failed to destroy the machine");
        await restoreOrRewrite(testMachines);
        await works(testMachines, testMachines.subject);
      },
    },
    {
      title:
        "a machine whose process was killed is off, still fenced, and works again after a restore, with the same host key",
      async run() {
        await testMachines.restore(testMachines.subject);
        const { hostKey, snapshots } = await testMachines.status(testMachines.subject);
        await harness.kill(await testMachines.status(testMachines.subject));
        const off = await waitFor({
          what: "inspect to report power off",
          on: testMachines.subject,
          timeoutMs: KILL_MS,
          probe: async () => {
            const status = await testMachines.status(testMachines.subject);
            return status.power === "off" ? { value: status } : { seen: status.power };
          },
        });
        assert.deepEqual(
          [off.hostKey, off.snapshots, off.address],
          [hostKey, snapshots, undefined],
        );
        const stale = { ...testMachines.admission(), fence: testMachines.fence - 1 };
        await rejectsWith(
          "FENCED",
          "restore with a smaller fence",
          driver.restore(testMachines.ref(testMachines.subject), CONTRACT_SNAPSHOT, stale),
        );
        assert.equal(
          (await testMachines.status(testMachines.subject)).power,
          "off",
          "a refused restore started the machine",
        );

        await testMachines.restore(testMachines.subject);
        await works(testMachines, testMachines.subject);
        assert.equal((await testMachines.status(testMachines.subject)).hostKey, hostKey);
      },
    },
    ...(park === undefined ? [] : [parking]),
    ...(stop === undefined ? [] : [stopping]),
  ];
}

/** Restores a machine, or writes its image again where its snapshots are on the disk itself. */
async function restoreOrRewrite(testMachines: TestMachines): Promise<void> {
  const { driver, subject } = testMachines;
  const { rewrite } = driver;
  if (rewrite === undefined) return void (await testMachines.restore(subject));
  const refused = await testMachines.restore(subject).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (refused === undefined) return;
  assert(isVmrigError(refused), `restore failed with ${inspect(refused)}`);
  assert.equal(refused.fault, "infra", `restore failed with ${refused.message}`);
  await rewrite(testMachines.ref(subject), testMachines.authority());
  assert.deepEqual((await testMachines.status(subject)).snapshots, []);
  await driver.boot(testMachines.ref(subject), testMachines.admission());
  await ask(testMachines, subject, "echo kept > kept; sync");
  await driver.capture(testMachines.ref(subject), CONTRACT_SNAPSHOT, testMachines.authority());
}

async function works(testMachines: TestMachines, name: string): Promise<void> {
  assert.equal((await testMachines.status(name)).power, "running");
  assert.equal(await ask(testMachines, name, "cat kept"), "kept");
}
