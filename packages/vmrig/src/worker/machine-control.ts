import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import { bootId, leaveNonce, prove } from "../baseline/proof.ts";
import type { PowerAction } from "../driver/driver.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import type { Checkpoint, Rig } from "../machine/faults/checkpoint.ts";
import type { MachineControl } from "../machine/faults/machine-control.ts";
import type { SshConnection } from "../ssh/connection.ts";
import { waitFor } from "../wait/wait-for.ts";
import type { ControlCommand, ControlResult } from "../protocol/control-command.ts";
import type { Grant } from "../protocol/messages.ts";

/** Dependencies of a claim's machine control. */
export interface MachineControlOptions {
  readonly grant: () => Grant;
  /** Returns the connection to a machine that is up. All machines were proven before. */
  readonly connect: (name: string) => Promise<SshConnection>;
  /**
   * Runs a control command after all machines were proven, and remembers the machines' new
   * addresses.
   */
  readonly control: (command: ControlCommand) => Promise<ControlResult>;
  /** Returns the tail of a machine's console. */
  readonly console: (name: string) => Promise<string>;
  /** Opens a new connection, regardless of the machine's known state. */
  readonly open: (name: string) => Promise<SshConnection>;
  /**
   * Closes the connections to these machines and blocks new ones until `work` has ended. Then
   * `work`'s own connection is handed out.
   */
  readonly without: (
    names: readonly string[],
    work: (keep: (name: string, fresh: SshConnection) => void) => Promise<void>,
  ) => Promise<void>;
  readonly switched: (name: string, off: boolean) => void;
  /**
   * Called when all machines were restored to a checkpoint, before any connection is handed out.
   */
  readonly stands: (checkpoint: Checkpoint) => void;
  /** Marks the state of the machines as unknown until the next rollback. */
  readonly spoil: (reason: unknown) => void;
  readonly signal: AbortSignal;
}

interface CapturedCheckpoint {
  readonly snapshot: string;
  readonly nonce: string;
}

/** Longest wait for a booting machine to accept logins. Until then systemd refuses them. */
const LOGIN_MS = 120_000;

/** Creates the functions that control the power, links and checkpoints of a claim's machines. */
export function createMachineControl(reach: MachineControlOptions): {
  readonly of: (name: string) => MachineControl;
  readonly rig: Rig;
} {
  const kept = new WeakMap<Checkpoint, CapturedCheckpoint>();

  const openWhenReady = (name: string): Promise<SshConnection> =>
    waitFor({
      what: "its boot to accept logins",
      on: name,
      timeoutMs: LOGIN_MS,
      intervalMs: 250,
      code: "MACHINE_UNREACHABLE",
      signal: reach.signal,
      probe: async () => {
        try {
          return { value: await reach.open(name) };
        } catch (error) {
          if (
            !isVmrigError(error) ||
            (error.code !== "LOGIN_REFUSED" && error.code !== "MACHINE_UNREACHABLE")
          )
            throw error;
          return { seen: error.summary };
        }
      },
    });

  const power = async (name: string, action: PowerAction): Promise<void> => {
    const { guest } = reach.grant();
    const before = action === "reboot" ? await bootId(await reach.connect(name), guest) : undefined;
    if (action === "on") {
      await reach.control({ kind: "power", machine: name, action });
      reach.switched(name, false);
      await reach.without([name], async (keep) => keep(name, await openWhenReady(name)));
      return;
    }
    await reach.without([name], async (keep) => {
      await reach.control({ kind: "power", machine: name, action });
      if (action !== "reboot") return reach.switched(name, true);
      const fresh = await openWhenReady(name);
      keep(name, fresh);
      const after = await bootId(fresh, guest);
      if (after !== before && after !== "") return;
      throw new VmrigError("FAULT_FAILED", {
        message: `${name} did not reboot.`,
        details: [`its boot id is still ${before}`],
      });
    });
  };

  const take = async (name: string, machines: readonly string[]): Promise<Checkpoint> => {
    const { guest, nonce: mine } = reach.grant();
    const nonce = randomUUID();
    const leave = (word: string): Promise<unknown> =>
      Promise.all(
        machines.map(async (machine) =>
          leaveNonce(await reach.connect(machine), { machine, guest, nonce: word }),
        ),
      );
    await leave(nonce);
    let snapshot: string | undefined;
    try {
      ({ snapshot } = await reach.control({ kind: "checkpoint", machines: [...machines] }));
    } finally {
      await leave(mine);
    }
    if (snapshot === undefined)
      throw new VmrigError("INTERNAL", {
        message: "The gate took a checkpoint and did not name it.",
      });
    const checkpoint: Checkpoint = Object.freeze({ name, machines: Object.freeze([...machines]) });
    kept.set(checkpoint, { snapshot, nonce });
    return checkpoint;
  };

  const restore = async (checkpoint: Checkpoint, only?: string): Promise<void> => {
    const found = kept.get(checkpoint);
    if (found === undefined)
      throw unknownCheckpoint(
        inspect(checkpoint, { depth: 1, breakLength: Infinity }),
        "this test file",
      );
    const machines = only === undefined ? checkpoint.machines : [only];
    if (only !== undefined && !checkpoint.machines.includes(only)) {
      throw unknownCheckpoint(`"${checkpoint.name}"`, only, [
        `it is one of ${checkpoint.machines.join(", ")}`,
      ]);
    }
    const { baseline, guest, nonce } = reach.grant();
    await reach.without(machines, async (keep) => {
      try {
        await reach.control({ kind: "restore", machines: [...machines], snapshot: found.snapshot });
        await Promise.all(
          machines.map(async (name) => {
            const fresh = await openWhenReady(name);
            keep(name, fresh);
            await prove(fresh, {
              machine: name,
              baseline,
              guest,
              nonce,
              was: found.nonce,
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

  return {
    of: (name) => ({
      get guest() {
        return reach.grant().guest;
      },
      power: (action) => power(name, action),
      async link(action) {
        await reach.connect(name);
        await reach.control({ kind: "network", machine: name, action });
      },
      checkpoint: (label) => take(label, [name]),
      restore: (checkpoint) => restore(checkpoint, name),
      console: () => reach.console(name),
    }),
    rig: {
      checkpoint: (label = "checkpoint") =>
        take(
          label,
          reach.grant().machines.map(({ name }) => name),
        ),
      restore: (checkpoint) => restore(checkpoint),
    },
  };
}

function unknownCheckpoint(
  which: string,
  whose: string,
  details: readonly string[] = [],
): VmrigError {
  return new VmrigError("CHECKPOINT_UNKNOWN", {
    message: `The checkpoint ${which} is not one of ${whose}.`,
    details,
    hint: "pass what `checkpoint()` resolved to; it lasts until the test file that took it ends",
  });
}
