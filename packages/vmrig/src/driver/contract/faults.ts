import assert from "node:assert/strict";
import type { PowerAction } from "../driver.ts";
import type { ContractCase } from "./harness.ts";
import { ask, rejectsWith, run, type TestMachines } from "./test-machines.ts";

/** Power and links, and that a restore puts right whatever was done to them. */
export function faultCases(stage: TestMachines): ContractCase[] {
  const { driver, harness } = stage;
  const { power, network } = driver;
  const bootId = harness.bootId ?? "cat /proc/sys/kernel/random/boot_id";
  const { subject } = stage;
  const [, other] = harness.copy.machines;

  const order = async (action: PowerAction): Promise<void> => {
    assert(power !== undefined);
    await power(stage.ref(subject), action, stage.admission());
  };

  const rebooting: ContractCase = {
    title:
      "a reboot boots anew, ends every session, keeps the disk and lets in the one key; a restore undoes it",
    async run() {
      await stage.rewind(subject);
      await using session = await stage.login(subject);
      const before = await run(session, `echo mine > mine; sync; ${bootId}`);
      await order("reboot");
      const after = await ask(stage, subject, `${bootId}; cat mine`);
      assert.match(after, /\nmine$/);
      assert.notEqual(after.split("\n")[0], before, "it was not booted anew");
      const late = await session.exec("echo alive", { timeoutMs: 5_000 }).then(
        ({ stdout }) => stdout.toString("utf8"),
        () => "",
      );
      assert.doesNotMatch(late, /alive/, "a session from before the reboot still works");
      await stage.rewind(subject);
      assert.equal(await ask(stage, subject, "[ ! -e mine ] && cat kept"), "kept");
    },
  };

  const switching = (action: "off" | "crash"): ContractCase => ({
    title: `after ${action} a machine is off, and cannot be captured or rebooted; on boots it from its disk; a restore brings it back from off`,
    async run() {
      await stage.rewind(subject);
      const before = await ask(stage, subject, `echo mine > mine; sync; ${bootId}`);
      await order(action);
      await order(action);
      const off = await stage.status(subject);
      assert.deepEqual([off.power, off.address], ["off", undefined]);
      await rejectsWith("MACHINE_OFF", "a reboot of one that is off", order("reboot"));
      await rejectsWith(
        "MACHINE_OFF",
        "a capture of one that is off",
        driver.capture(stage.ref(subject), "later", stage.authority()),
      );

      await order("on");
      const after = await ask(stage, subject, `${bootId}; cat mine`);
      assert.match(after, /\nmine$/);
      assert.notEqual(after.split("\n")[0], before, "it was not booted anew");
      await order("on");
      assert.equal(
        await ask(stage, subject, bootId),
        after.split("\n")[0],
        "on did something to a machine that runs",
      );

      await order(action);
      await stage.rewind(subject);
      assert.equal(await ask(stage, subject, "[ ! -e mine ] && cat kept"), "kept");
    },
  });

  const answers = async (): Promise<string> => {
    assert(other !== undefined);
    return await ask(
      stage,
      subject,
      `bash -c 'exec 3<>/dev/tcp/${other.lanAddress}/22 && read -r -t 20 line <&3 && echo "$line"' 2>/dev/null & pid=$!; ` +
        `(sleep 8; kill $pid 2>/dev/null) >/dev/null 2>&1 & wait $pid || echo silence`,
    );
  };

  const links: ContractCase = {
    title:
      "a machine that is disconnected is told from others and keeps its way in; a connect, and a restore, connect it",
    async run() {
      assert(network !== undefined);
      const provenByTraffic = harness.lan && other !== undefined;
      await stage.rewind();
      for (const mend of ["connect", "restore"] as const) {
        await network(stage.ref(subject), "disconnect", stage.authority());
        assert.equal((await stage.status(subject)).disconnected, true);
        assert.equal(await ask(stage, subject, "echo in"), "in");
        if (provenByTraffic)
          assert.match(await answers(), /silence$/, "it still reaches the other one");
        if (mend === "connect") await network(stage.ref(subject), "connect", stage.authority());
        else await stage.rewind();
        assert.equal(
          (await stage.status(subject)).disconnected,
          undefined,
          `${mend} leaves it disconnected`,
        );
        if (provenByTraffic)
          assert.match(
            await answers(),
            /^SSH-2\.0-/,
            `after ${mend} it does not reach the other one`,
          );
      }
    },
  };

  return [
    ...(power === undefined ? [] : [rebooting, switching("off"), switching("crash")]),
    ...(network === undefined ? [] : [links]),
  ];
}
