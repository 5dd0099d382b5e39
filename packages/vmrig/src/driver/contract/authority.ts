import assert from "node:assert/strict";
import { inspect } from "node:util";
import { deeds, unchangedBy } from "./control.ts";
import type { ContractCase } from "./harness.ts";
import { rejectsWith, type TestMachines } from "./test-machines.ts";

/** Who may change a machine. */
export function authorityCases(stage: TestMachines): ContractCase[] {
  return [
    {
      title:
        "a smaller fence than the machine has seen is FENCED in every call and changes nothing, also right after a restore",
      async run() {
        await unchangedBy(stage, stage.subject, async () => {
          for (const [name, act] of deeds(stage)) {
            await rejectsWith(
              "FENCED",
              `${name} with a smaller fence`,
              act(stage.ref(stage.subject), stage.authority(stage.fence - 1)),
            );
          }
        });
      },
    },
    {
      title: "a call under a signal that has aborted rejects with its reason and changes nothing",
      async run() {
        const reason = new Error("the lease is lost");
        await unchangedBy(stage, stage.subject, async () => {
          for (const [name, act] of deeds(stage)) {
            const call = act(stage.ref(stage.subject), {
              fence: stage.fence,
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
  ];
}
