import assert from "node:assert/strict";
import { inspect } from "node:util";
import { controlCalls, unchangedBy } from "./control.ts";
import type { ContractCase } from "./harness.ts";
import { ask, rejectsWith, type TestMachines } from "./test-machines.ts";

/** Cases about the fence and the lease. */
export function authorityCases(testMachines: TestMachines): ContractCase[] {
  const { admit, power } = testMachines.driver;

  const admitting: ContractCase = {
    title:
      "admit authorizes a key on a machine that runs, changes nothing else, and refuses a machine that is off",
    async run() {
      assert(admit !== undefined);
      const { subject } = testMachines;
      await testMachines.restore(subject);
      await ask(testMachines, subject, "echo mine > mine");
      const last = testMachines.nextLease();
      await rejectsWith("LOGIN_REFUSED", "a login before admit", testMachines.login(subject));
      await admit(testMachines.ref(subject), testMachines.admission());
      assert.equal(await ask(testMachines, subject, "cat mine"), "mine");
      await rejectsWith(
        "LOGIN_REFUSED",
        "a login with the key of the lease before",
        testMachines.login(subject, { key: last }),
      );
      if (power === undefined) return;
      await power(testMachines.ref(subject), "crash", testMachines.admission());
      await rejectsWith(
        "MACHINE_OFF",
        "an admit of a machine that is off",
        admit(testMachines.ref(subject), testMachines.admission()),
      );
      await testMachines.restore(subject);
    },
  };

  return [
    {
      title:
        "a fence smaller than the largest seen is FENCED in every call and changes nothing, also right after a restore",
      async run() {
        await unchangedBy(testMachines, testMachines.subject, async () => {
          for (const [name, act] of controlCalls(testMachines)) {
            await rejectsWith(
              "FENCED",
              `${name} with a smaller fence`,
              act(
                testMachines.ref(testMachines.subject),
                testMachines.authority(testMachines.fence - 1),
              ),
            );
          }
        });
      },
    },
    {
      title: "a call under an aborted signal rejects with the signal's reason and changes nothing",
      async run() {
        const reason = new Error("the lease is lost");
        await unchangedBy(testMachines, testMachines.subject, async () => {
          for (const [name, act] of controlCalls(testMachines)) {
            const call = act(testMachines.ref(testMachines.subject), {
              fence: testMachines.fence,
              signal: AbortSignal.abort(reason),
            });
            const outcome = await call.then(
              () => "success",
              (error: unknown) => error,
            );
            assert.equal(outcome, reason, `${name} ended with ${inspect(outcome)}`);
          }
        });
      },
    },
    ...(admit === undefined ? [] : [admitting]),
  ];
}
