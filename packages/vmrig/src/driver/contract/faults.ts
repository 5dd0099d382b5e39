import assert from "node:assert/strict";
import type { PowerAction } from "../driver.ts";
import type { ContractCase } from "./harness.ts";
import { ask, rejectsWith, run, type TestMachines } from "./test-machines.ts";

/** Cases about power and links: each state is reached, and a restore reverts it. */
export function faultCases(testMachines: TestMachines): ContractCase[] {
  const { driver, harness } = testMachines;
  const { power, network } = driver;
  const bootId = harness.bootId ?? "cat /proc/sys/kernel/random/boot_id";
  const { subject } = testMachines;
  const [, other] = harness.copy.machines;

  const switchPower = async (action: PowerAction): Promise<void> => {
    assert(power !== undefined);
    await power(testMachines.ref(subject), action, testMachines.admission());
  };

  const rebooting: ContractCase = {
    title:
      "a reboot boots the machine again, ends every session, keeps the disk and admits only the authorized key; a restore reverts it",
    async run() {
      await testMachines.restore(subject);
      await using session = await testMachines.login(subject);
      const before = await run(session, `echo mine > mine; sync; ${bootId}`);
      await switchPower("reboot");
      const after = await ask(testMachines, subject, `${bootId}; cat mine`);
      assert.match(after, /\nmine$/);
      assert.notEqual(after.split("\n")[0], before, "the machine did not boot again");
      const late = await session.exec("echo alive", { timeoutMs: 5_000 }).then(
        ({ stdout }) => stdout.toString("utf8"),
        () => "",
      );
      assert.doesNotMatch(late, /alive/, "a session from before the reboot still works");
      await testMachines.restore(subject);
      assert.equal(await ask(testMachines, subject, "[ ! -e mine ] && cat kept"), "kept");
    },
  };

  const switching = (action: "off" | "crash"): ContractCase => ({
    title: `after ${action} a machine is off and cannot be captured or rebooted; on boots it from its disk; a restore starts it from off`,
    async run() {
      await testMachines.restore(subject);
      const before = await ask(testMachines, subject, `echo mine > mine; sync; ${bootId}`);
      await switchPower(action);
      await switchPower(action);
      const off = await testMachines.status(subject);
      assert.deepEqual([off.power, off.address], ["off", undefined]);
      await rejectsWith("MACHINE_OFF", "a reboot of a machine that is off", switchPower("reboot"));
      await rejectsWith(
        "MACHINE_OFF",
        "a capture of a machine that is off",
        driver.capture(testMachines.ref(subject), "later", testMachines.authority()),
      );

      await switchPower("on");
      const after = await ask(testMachines, subject, `${bootId}; cat mine`);
      assert.match(after, /\nmine$/);
      assert.notEqual(after.split("\n")[0], before, "the machine did not boot again");
      await switchPower("on");
      assert.equal(
        await ask(testMachines, subject, bootId),
        after.split("\n")[0],
        "on changed a machine that was running",
      );

      await switchPower(action);
      await testMachines.restore(subject);
      assert.equal(await ask(testMachines, subject, "[ ! -e mine ] && cat kept"), "kept");
    },
  });

  const bannerOfOther = async (): Promise<string> => {
    assert(other !== undefined);
    return await ask(
      testMachines,
      subject,
      `bash -c 'exec 3<>/dev/tcp/${other.lanAddress}/22 && read -r -t 20 line <&3 && echo "$line"' 2>/dev/null & pid=$!; ` +
        `(sleep 8; kill $pid 2>/dev/null) >/dev/null 2>&1 & wait $pid || echo silence`,
    );
  };

  const links: ContractCase = {
    title:
      "a disconnected machine cannot reach the others and keeps its SSH access; connect and restore reconnect it",
    async run() {
      assert(network !== undefined);
      const provenByTraffic = harness.lan && other !== undefined;
      await testMachines.restore();
      for (const remedy of ["connect", "restore"] as const) {
        await network(testMachines.ref(subject), "disconnect", testMachines.authority());
        assert.equal((await testMachines.status(subject)).disconnected, true);
        assert.equal(await ask(testMachines, subject, "echo in"), "in");
        if (provenByTraffic)
          assert.match(await bannerOfOther(), /silence$/, "it still reaches the other machine");
        if (remedy === "connect")
          await network(testMachines.ref(subject), "connect", testMachines.authority());
        else await testMachines.restore();
        assert.equal(
          (await testMachines.status(subject)).disconnected,
          undefined,
          `${remedy} leaves it disconnected`,
        );
        if (provenByTraffic)
          assert.match(
            await bannerOfOther(),
            /^SSH-2\.0-/,
            `after ${remedy} it does not reach the other machine`,
          );
      }
    },
  };

  return [
    ...(power === undefined ? [] : [rebooting, switching("off"), switching("crash")]),
    ...(network === undefined ? [] : [links]),
  ];
}
