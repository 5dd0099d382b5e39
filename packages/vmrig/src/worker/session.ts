import { prove } from "../baseline/proof.ts";
import type { Unhealthy } from "../baseline/recovery.ts";
import type { Clock } from "../clock/clock.ts";
import { asVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import type { GateClient } from "../protocol/gate-client.ts";
import type { Grant } from "../protocol/messages.ts";
import type { SshConnection } from "../ssh/connection.ts";
import type { SshTarget } from "../ssh/handshake.ts";
import { createClaimConnections, type ClaimConnections } from "./claim-connections.ts";
import { machineOf, type MachineEpoch } from "./machine-epoch.ts";
import { createPristineState, type PristineState } from "./pristine-state.ts";
import { nextState, type SessionEvent, type SessionState } from "./session-state.ts";

/** A machine epoch whose machines were all proven to be at their baseline. */
export interface ProvenEpoch {
  readonly epoch: MachineEpoch;
  /** By machine name; the connection that proved it, or a later one. */
  readonly connections: Map<string, SshConnection>;
}

/** State and connections of one claim: what its `Machine` objects and its machine control share. */
export interface Session {
  /** The grant of the newest epoch. */
  readonly grant: Grant;
  readonly pristine: PristineState;
  readonly connections: ClaimConnections;
  /** Aborts when the lease is lost. */
  readonly lost: AbortSignal;
  /**
   * Proves all machines, once per epoch, before anything is done to any of them. Machines that are
   * not at their baseline are recovered by the gate first.
   */
  readonly proven: () => Promise<ProvenEpoch>;
  /** Returns an open connection to a machine of a proven epoch. */
  readonly connect: (name: string) => Promise<SshConnection>;
  /**
   * Returns a connection for evidence. Never proves, never rolls back: a rollback would remove what
   * there is to see.
   */
  readonly peek: (name: string) => Promise<SshConnection>;
  /** Dials a machine, whatever its state is. */
  readonly open: (name: string) => Promise<SshConnection>;
  /** Whether this epoch is the newest one and its machines may be used. */
  readonly isCurrent: (epoch: MachineEpoch) => boolean;
  /** Rolls all machines back; does nothing where they are at their baseline and unused. */
  readonly rollBack: () => Promise<void>;
  /** Remembers that a test has switched a machine off, or on again. */
  readonly switched: (name: string, off: boolean) => void;
  /** Marks the state of the machines as unknown until the next rollback. */
  readonly spoil: (reason: unknown) => void;
  /** Ends the session: later calls throw. */
  readonly end: () => void;
}

/** Opens the session of a claim that the gate has granted. */
export function openSession(client: GateClient, first: Grant, clock: Clock): Session {
  const { claim: id } = first;
  const lost = new AbortController();
  const connections = createClaimConnections(lost.signal);
  const pristine = createPristineState(clock);
  let state: SessionState = { kind: "ready", epoch: { grant: first, off: new Set() } };
  if (first.fresh) pristine.reached("baseline");

  const move = (event: SessionEvent): void => {
    state = nextState(state, event);
  };
  const isCurrent = (epoch: MachineEpoch): boolean =>
    state.kind === "ready" && state.epoch === epoch;

  client.onLost(id, (reason) => {
    move({ type: "lost", reason });
    lost.abort(reason);
    connections.hangUp();
  });

  /** Runs a rollback or a recovery. Until it succeeds the machines are out of reach. */
  const rollBackWith = async (ask: () => Promise<Grant>): Promise<void> => {
    const before = state.kind === "rollingBack" ? state.done : undefined;
    const { promise: done, resolve, reject } = Promise.withResolvers<void>();
    done.catch(() => {});
    move({ type: "rollbackStarted", done });
    // 1. Wait for the rollback that runs already.
    await before?.catch(() => {});
    // 2. Close every connection: what runs on the machines ends.
    connections.hangUp();
    pristine.touch();
    try {
      // 3. Ask the gate. It returns new addresses, keys and a new nonce.
      const grant = await ask();
      move({ type: "rolledBack", done, grant });
      pristine.reached("baseline");
      resolve();
    } catch (reason) {
      move({ type: "rollbackFailed", done, reason });
      reject(reason);
      throw reason;
    }
  };

  /** @returns `undefined` when the machines were not at their baseline, or the epoch has ended */
  const proveAll = async (epoch: MachineEpoch): Promise<Map<string, SshConnection> | undefined> => {
    const { baseline, guest, nonce, machines } = epoch.grant;
    const unhealthy: Unhealthy[] = [];
    const opened = new Map<string, SshConnection>();
    await Promise.all(
      machines.map(async ({ name, target }) => {
        try {
          const connection = await connections.open(name, target);
          opened.set(name, connection);
          if (!isCurrent(epoch)) return;
          await prove(connection, { machine: name, baseline, guest, nonce, signal: lost.signal });
        } catch (error) {
          unhealthy.push({ machine: name, error: asVmrigError(error) });
        }
      }),
    );
    if (!isCurrent(epoch)) {
      for (const connection of opened.values()) connection.hangUp();
      return undefined;
    }
    if (unhealthy.length === 0) return opened;
    await rollBackWith(() => client.recover(id, unhealthy));
    return undefined;
  };

  const proven = async (): Promise<ProvenEpoch> => {
    for (;;) {
      if (state.kind === "rollingBack") await state.done.catch(() => {});
      const current: SessionState = state;
      if (current.kind === "rollingBack") continue;
      if (current.kind !== "ready") throw current.reason;
      const { epoch } = current;
      pristine.touch();
      const found = await (epoch.proven ??= proveAll(epoch));
      if (found !== undefined) return { epoch, connections: found };
    }
  };

  const open = (name: string): Promise<SshConnection> =>
    connections.open(name, machineOf(state.epoch.grant, name).target);

  return {
    get grant() {
      return state.epoch.grant;
    },
    pristine,
    connections,
    lost: lost.signal,
    proven,
    async connect(name) {
      for (;;) {
        const { epoch, connections: known } = await proven();
        const returning = connections.returning(name);
        if (returning !== undefined) {
          await returning.catch(() => {}); // its own caller gets the error
          continue;
        }
        if (epoch.off.has(name)) throw switchedOff(name);
        const connection = known.get(name);
        if (connection?.closed.aborted === false) return connection;
        // The machine was rebooted or its connection closed; its baseline is proven.
        const again = await connections.open(name, targetOf(epoch, name));
        if (isCurrent(epoch)) return again;
        again.hangUp();
      }
    },
    async peek(name) {
      lost.signal.throwIfAborted();
      const known =
        state.kind === "rollingBack" ? undefined : await state.epoch.proven?.catch(() => undefined);
      pristine.touch();
      if (known === undefined) {
        throw new VmrigError("MACHINE_UNREACHABLE", {
          message: `Nothing has logged in to ${name} since its last rollback.`,
        });
      }
      const connection = known.get(name);
      return connection?.closed.aborted === false ? connection : open(name);
    },
    open,
    isCurrent,
    async rollBack() {
      if (state.kind === "lost" || state.kind === "released") throw state.reason;
      if (pristine.at !== "baseline") await rollBackWith(() => client.rollBack(id));
    },
    switched: (name, off) => void (off ? state.epoch.off.add(name) : state.epoch.off.delete(name)),
    spoil: (reason) => move({ type: "spoiled", reason }),
    end() {
      const message = `The claim on ${state.epoch.grant.copy} is over: its test file has ended.`;
      move({ type: "released", reason: new VmrigError("LEASE_LOST", { message }) });
      connections.hangUp();
    },
  };
}

function targetOf({ grant }: MachineEpoch, name: string): SshTarget {
  return machineOf(grant, name).target;
}

function switchedOff(name: string): VmrigError {
  return new VmrigError("MACHINE_OFF", {
    message: `${name} is off: this test switched it off.`,
    hint: "powerOn() boots it from its disk",
  });
}
