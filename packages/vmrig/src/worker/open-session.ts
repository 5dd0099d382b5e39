import type { Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { GateClient } from "../protocol/gate-client.ts";
import type { Grant } from "../protocol/messages.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import type { SshTarget } from "../ssh/ssh-target.ts";
import { createClaimConnections } from "./claim-connections.ts";
import { machineOf, updateAddresses, type MachineEpoch } from "./machine-epoch.ts";
import { createPristineState } from "./pristine-state.ts";
import { proveMachines } from "./prove-machines.ts";
import { reconnect } from "./reconnect.ts";
import { nextState, type SessionEvent, type SessionState } from "./session-state.ts";
import type { ProvenEpoch, Session } from "./session.ts";

/** Opens the session of a claim that the gate has granted. */
export function openSession(client: GateClient, first: Grant, clock: Clock): Session {
  const { claim: id } = first;
  const lost = new AbortController();
  const connections = createClaimConnections(lost.signal);
  const pristine = createPristineState(clock);
  const drawn = new Set<string>();
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
    const proof = await proveMachines(epoch.grant, {
      connections,
      isCurrent: () => isCurrent(epoch),
      drawn,
      signal: lost.signal,
    });
    if (proof === undefined) return undefined;
    if ("opened" in proof) return proof.opened;
    if (isCurrent(epoch)) await rollBackWith(() => client.recover(id, proof.unhealthy));
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
    drawn,
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
        const again = await reconnect({
          name,
          open: () => connections.open(name, targetOf(epoch, name)),
          async admit() {
            const { machines } = await client.control(id, { kind: "admit", machine: name });
            updateAddresses(epoch, machines);
          },
          isCurrent: () => isCurrent(epoch),
          signal: lost.signal,
        });
        if (again !== undefined && isCurrent(epoch)) return again;
        again?.hangUp();
      }
    },
    async peek(name) {
      lost.signal.throwIfAborted();
      const known =
        state.kind === "rollingBack" ? undefined : await state.epoch.proven?.catch(() => undefined);
      pristine.touch();
      if (known === undefined) {
        throw new VmrigError("MACHINE_UNREACHABLE", {
          message: `${name} was not used since its rollback, so vmrig has no connection to it.`,
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
      const message = `The machines of ${state.epoch.grant.copy} are released: their test file has ended.`;
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
