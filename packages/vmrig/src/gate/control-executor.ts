import { randomUUID } from "node:crypto";
import { whereReached } from "../baseline/login.ts";
import { admission, authority, type LeasedContext } from "../baseline/leased-context.ts";
import type { MachineRef } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { ControlCommand, ControlResult } from "../protocol/control-command.ts";

/** First part of the names of snapshots that last no longer than the claim that took them. */
const CHECKPOINT = "checkpoint-";

/** Does to the machines of a holding what its tests ask for. */
export interface ControlExecutor {
  /** @throws VmrigError `CAPABILITY_MISSING` for what the driver cannot; `UNKNOWN_MACHINE` */
  act(command: ControlCommand): Promise<ControlResult>;
  /** Deletes all checkpoints that there are, those of a run that was killed too. */
  dropCheckpoints(): Promise<void>;
  /** Whether there are any that this run took. */
  readonly hasCheckpoints: boolean;
}

export function createControlExecutor(scene: LeasedContext): ControlExecutor {
  const { driver, copy } = scene;
  let taken = 0;

  const ref = (name: string): MachineRef => {
    const names = copy.machines.map((machine) => machine.name);
    if (names.includes(name)) return { copy, name };
    throw new VmrigError("UNKNOWN_MACHINE", {
      message: `${name} is no machine of ${copy.copy}: it has ${names.join(", ")}.`,
    });
  };
  const able = <T>(capability: T | undefined, what: string): T => {
    if (capability !== undefined) return capability;
    throw new VmrigError("CAPABILITY_MISSING", {
      message: `The driver "${driver.name}" cannot ${what}.`,
    });
  };

  const carryOut = async (command: ControlCommand): Promise<Omit<ControlResult, "machines">> => {
    switch (command.deed) {
      case "power":
        await able(driver.power, "switch machines off and on")(
          ref(command.machine),
          command.action,
          admission(scene),
        );
        return {};
      case "network":
        await able(driver.network, "disconnect machines")(
          ref(command.machine),
          command.action,
          authority(scene),
        );
        return {};
      case "checkpoint": {
        // What could never be deleted again is not taken.
        able(driver.drop, "take checkpoints");
        const snapshot = `${CHECKPOINT}${randomUUID().slice(0, 8)}`;
        const [first, ...others] = command.machines.map(ref);
        taken += 1;
        if (first !== undefined && others.length === 0)
          await driver.capture(first, snapshot, authority(scene));
        else if (first !== undefined) {
          await able(driver.captureTogether, "take a checkpoint of several machines at one moment")(
            [first, ...others],
            snapshot,
            authority(scene),
          );
        }
        return { snapshot };
      }
      case "restore":
        await settleAll(
          command.machines.map((name) =>
            driver.restore(ref(name), command.snapshot, admission(scene)),
          ),
        );
        return {};
    }
  };

  return {
    get hasCheckpoints() {
      return taken > 0;
    },
    async act(command) {
      const outcome = await carryOut(command);
      return {
        ...outcome,
        machines: (await whereReached(scene)).map(({ target, ...where }) => ({
          ...where,
          target: { ...target },
        })),
      };
    },
    async dropCheckpoints() {
      taken = 0;
      const { drop } = driver;
      if (drop === undefined) return;
      const { machines } = await driver.inspect(copy);
      await settleAll(
        machines.map(async ({ name, snapshots }) => {
          // One after the other: a driver has one of them done on a machine at a time.
          for (const snapshot of snapshots)
            if (snapshot.startsWith(CHECKPOINT))
              await drop({ copy, name }, snapshot, authority(scene));
        }),
      );
    },
  };
}

/** Waits for all, also when one fails. */
async function settleAll(controlExecutor: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(controlExecutor))
    if (outcome.status === "rejected") throw outcome.reason;
}
