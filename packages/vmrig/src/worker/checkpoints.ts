import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { leaveNonce, prove, type NonceOptions } from "../baseline/proof.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Checkpoint } from "../machine/faults/checkpoint.ts";
import { loginWhenBooted } from "./login-when-booted.ts";
import type { MachineControlOptions } from "./machine-control-options.ts";

interface CapturedCheckpoint {
  readonly snapshot: string;
  readonly nonce: string;
}

/** Checkpoints of a claim. They end with it. */
export interface Checkpoints {
  readonly take: (name: string, machines: readonly string[]) => Promise<Checkpoint>;
  /**
   * Restores the machines of a checkpoint, or only one of them.
   *
   * @throws VmrigError `CHECKPOINT_UNKNOWN`
   */
  readonly restore: (checkpoint: Checkpoint, only?: string) => Promise<void>;
}

export function createCheckpoints(reach: MachineControlOptions): Checkpoints {
  const kept = new WeakMap<Checkpoint, CapturedCheckpoint>();

  const take = async (name: string, machines: readonly string[]): Promise<Checkpoint> => {
    const { guest, nonce: mine } = reach.grant();
    const nonce = randomUUID();
    const leave = async (word: string, timers: NonceOptions["timers"]): Promise<void> => {
      const outcomes = await Promise.allSettled(
        machines.map(async (machine) =>
          leaveNonce(await reach.connect(machine), { machine, guest, nonce: word, timers }),
        ),
      );
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    };
    let snapshot: string | undefined;
    try {
      // 1. Leave a nonce on the machines that only this checkpoint has.
      await leave(nonce, "hold");
      // 2. Ask the gate for the snapshot.
      ({ snapshot } = await reach.control({ kind: "checkpoint", machines: [...machines] }));
    } catch (error) {
      await leave(mine, "release").catch(() => {}); // the first error says more
      throw error;
    }
    // 3. Put the claim's own nonce back.
    await leave(mine, "release");
    if (snapshot === undefined)
      throw new VmrigError("INTERNAL", {
        message: "The gate returned no name for the checkpoint.",
      });
    const checkpoint: Checkpoint = Object.freeze({ name, machines: Object.freeze([...machines]) });
    kept.set(checkpoint, { snapshot, nonce });
    return checkpoint;
  };

  const restore = async (checkpoint: Checkpoint, only?: string): Promise<void> => {
    const found = kept.get(checkpoint);
    if (found === undefined)
      throw new VmrigError("CHECKPOINT_UNKNOWN", {
        message: `This test file has no checkpoint ${inspect(checkpoint, { depth: 1, breakLength: Infinity })}.`,
        hint: "pass the object that `checkpoint()` returned; it lasts until the test file that took it ends",
      });
    const machines = only === undefined ? checkpoint.machines : [only];
    if (only !== undefined && !checkpoint.machines.includes(only)) {
      throw new VmrigError("CHECKPOINT_UNKNOWN", {
        message: `Checkpoint "${checkpoint.name}" does not include ${only}.`,
        details: [`it includes: ${checkpoint.machines.join(", ")}`],
        hint: "to include all machines, take the checkpoint with `rig.checkpoint()`",
      });
    }
    const { baseline, guest, nonce } = reach.grant();
    await reach.without(machines, async (keep) => {
      try {
        // 1. Ask the gate to restore the snapshot.
        await reach.control({ kind: "restore", machines: [...machines], snapshot: found.snapshot });
        // 2. Log in again, and prove by the checkpoint's nonce that each machine was restored.
        await Promise.all(
          machines.map(async (name) => {
            const fresh = await loginWhenBooted(reach, name);
            keep(name, fresh);
            await prove(fresh, {
              machine: name,
              baseline,
              guest,
              nonce,
              was: found.nonce,
              drawn: reach.drawn,
              signal: reach.signal,
            });
            reach.switched(name, false);
          }),
        );
        if (machines.length === reach.grant().machines.length) reach.stands(checkpoint);
      } catch (error) {
        reach.spoil(error);
        throw error;
      }
    });
  };

  return { take, restore };
}
