import assert from "node:assert/strict";
import { waitFor } from "../../wait/wait-for.ts";
import type { ContractCase } from "./harness.ts";
import { ask, HOME_BASE, rejectsWith, type TestMachines } from "./test-machines.ts";

const WIPE_MS = 120_000;
const KILL_MS = 20_000;

/** From which states a restore brings a machine back. */
export function healingCases(stage: TestMachines): ContractCase[] {
  const { driver, harness } = stage;
  const { park, stop } = driver;

  const parking: ContractCase = {
    title: "a parked machine is paused, and a restore brings it back",
    async run() {
      await stage.rewind(stage.subject);
      assert(park !== undefined);
      await park(stage.ref(stage.subject), stage.authority());
      assert.equal((await stage.status(stage.subject)).power, "paused");
      await stage.rewind(stage.subject);
      await works(stage, stage.subject);
    },
  };

  const stopping: ContractCase = {
    title:
      "a stopped machine is off and can be stopped again; a restore starts it at its snapshot, with the same host key",
    async run() {
      await stage.rewind(stage.subject);
      assert(stop !== undefined);
      const { hostKey, snapshots } = await stage.status(stage.subject);
      await ask(stage, stage.subject, "echo dirty > dirty");
      await stop(stage.ref(stage.subject), stage.authority());
      await stop(stage.ref(stage.subject), stage.authority());
      const off = await stage.status(stage.subject);
      assert.deepEqual(
        [off.power, off.address, off.hostKey, off.snapshots],
        ["off", undefined, hostKey, snapshots],
      );
      await rejectsWith(
        "FENCED",
        "stop with a smaller fence",
        stop(stage.ref(stage.subject), stage.authority(stage.fence - 1)),
      );

      await stage.rewind(stage.subject);
      await works(stage, stage.subject);
      assert.equal(await ask(stage, stage.subject, "[ ! -e dirty ] && echo clean"), "clean");
      assert.equal((await stage.status(stage.subject)).hostKey, hostKey);
    },
  };

  return [
    {
      title: "a machine that destroyed its own disk works again after a restore",
      async run() {
        await stage.rewind(stage.subject);
        const session = await stage.login(stage.subject);
        await session.exec(harness.wipe, { timeoutMs: WIPE_MS }).catch(() => {});
        await session.close();
        const survived = await ask(stage, stage.subject, "cat kept").catch(() => "nothing");
        assert.equal(survived, "nothing", "the harness' way to destroy the machine does not");
        await stage.rewind(stage.subject);
        await works(stage, stage.subject);
      },
    },
    {
      title:
        "a machine whose process was killed is off, still fenced, and works again after a restore, with the same host key",
      async run() {
        await stage.rewind(stage.subject);
        const { hostKey, snapshots } = await stage.status(stage.subject);
        await harness.kill(await stage.status(stage.subject));
        const off = await waitFor({
          what: "inspect to see that it is off",
          on: stage.subject,
          timeoutMs: KILL_MS,
          probe: async () => {
            const status = await stage.status(stage.subject);
            return status.power === "off" ? { value: status } : { seen: status.power };
          },
        });
        assert.deepEqual(
          [off.hostKey, off.snapshots, off.address],
          [hostKey, snapshots, undefined],
        );
        const stale = { ...stage.admission(), fence: stage.fence - 1 };
        await rejectsWith(
          "FENCED",
          "restore with a smaller fence",
          driver.restore(stage.ref(stage.subject), HOME_BASE, stale),
        );
        assert.equal(
          (await stage.status(stage.subject)).power,
          "off",
          "a refused restore started the machine",
        );

        await stage.rewind(stage.subject);
        await works(stage, stage.subject);
        assert.equal((await stage.status(stage.subject)).hostKey, hostKey);
      },
    },
    ...(park === undefined ? [] : [parking]),
    ...(stop === undefined ? [] : [stopping]),
  ];
}

async function works(stage: TestMachines, name: string): Promise<void> {
  assert.equal((await stage.status(name)).power, "running");
  assert.equal(await ask(stage, name, "cat kept"), "kept");
}
