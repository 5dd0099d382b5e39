import { randomUUID } from "node:crypto";
import { accessToRunning } from "../baseline/login.ts";
import { admission, authority, type LeasedContext } from "../baseline/leased-context.ts";
import type { MachineRef } from "../driver/driver.ts";
import type { Inventory } from "../driver/inventory.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { ControlCommand, ControlResult } from "../protocol/control-command.ts";

/** Prefix of the names of snapshots that last no longer than the claim that took them. */
const CHECKPOINT = "checkpoint-";

/** Runs the control commands of tests on the machines of a leased copy. */
export interface ControlExecutor {
  /**
   * Runs a control command.
   *
   * @throws VmrigError `CAPABILITY_MISSING` for a command that the driver does not support;
   *   `UNKNOWN_MACHINE`
   */
  execute(command: ControlCommand): Promise<ControlResult>;
  /**
   * Deletes all checkpoints, including those of a run that was killed.
   *
   * @param inventory what the driver said since the lease was acquired. @defaultValue it is asked
   */
  dropCheckpoints(inventory?: Inventory): Promise<void>;
  /** Whether this run took a checkpoint. */
  readonly hasCheckpoints: boolean;
}

export function createControlExecutor(context: LeasedContext): ControlExecutor {
  const { driver, copy } = context;
  let taken = 0;

  const ref = (name: string): MachineRef => {
    const names = copy.machines.map((machine) => machine.name);
    if (names.includes(name)) return { copy, name };
    throw new VmrigError("UNKNOWN_MACHINE", {
      message: `Copy "${copy.copy}" has no machine "${name}" (available: ${names.join(", ")}).`,
    });
  };
  const able = <T>(capability: T | undefined, what: string): T => {
    if (capability !== undefined) return capability;
    throw new VmrigError("CAPABILITY_MISSING", {
      message: `The driver "${driver.name}" does not support ${what}.`,
    });
  };

  const carryOut = async (command: ControlCommand): Promise<Omit<ControlResult, "machines">> => {
    switch (command.kind) {
      case "power":
        await able(driver.power, "switching machines off and on")(
          ref(command.machine),
          command.action,
          admission(context),
        );
        return {};
      case "network":
        await able(driver.network, "disconnecting machines")(
          ref(command.machine),
          command.action,
          authority(context),
        );
        return {};
      case "admit":
        await able(driver.admit, "another authorization of the lease's key")(
          ref(command.machine),
          admission(context),
        );
        return {};
      case "checkpoint": {
        // A driver that cannot delete a checkpoint does not take one.
        able(driver.drop, "checkpoints");
        const snapshot = `${CHECKPOINT}${randomUUID().slice(0, 8)}`;
        const [first, ...others] = command.machines.map(ref);
        taken += 1;
        if (first !== undefined && others.length === 0)
          await driver.capture(first, snapshot, authority(context));
        else if (first !== undefined) {
          await able(driver.captureTogether, "checkpoints of several machines at one moment")(
            [first, ...others],
            snapshot,
            authority(context),
          );
        }
        return { snapshot };
      }
      case "restore":
        await settleAll(
          command.machines.map((name) =>
            driver.restore(ref(name), command.snapshot, admission(context)),
          ),
        );
        return {};
    }
  };

  return {
    get hasCheckpoints() {
      return taken > 0;
    },
    async execute(command) {
      const outcome = await carryOut(command);
      return {
        ...outcome,
        machines: await accessToRunning(context),
      };
    },
    async dropCheckpoints(inventory) {
      taken = 0;
      const { drop } = driver;
      if (drop === undefined) return;
      const { machines } = inventory ?? (await driver.inspect(copy));
      await settleAll(
        machines.map(async ({ name, snapshots }) => {
          // One after the other: a driver runs one deletion per machine at a time.
          for (const snapshot of snapshots)
            if (snapshot.startsWith(CHECKPOINT))
              await drop({ copy, name }, snapshot, authority(context));
        }),
      );
    },
  };
}

/** Waits for all promises, even when one rejects. Throws the first rejection. */
async function settleAll(promises: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(promises))
    if (outcome.status === "rejected") throw outcome.reason;
}
