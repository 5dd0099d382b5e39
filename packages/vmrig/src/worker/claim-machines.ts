import type { Unhealthy } from "../baseline/recovery.ts";
import { prove } from "../baseline/proof.ts";
import { systemClock, type Clock } from "../clock/clock.ts";
import { asVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { createMachine } from "../machine/machine.ts";
import { dial, type SshConnection } from "../ssh/connection.ts";
import type { SshTarget } from "../ssh/handshake.ts";
import type { GateClient } from "../protocol/client.ts";
import { createCleanupStack, unlessAway } from "./cleanup-stack.ts";
import { createMachineControl } from "./machine-control.ts";
import type { Grant, Welcome } from "../protocol/messages.ts";
import { createPristineState } from "./pristine-state.ts";
import { machineOf, type MachineEpoch } from "./machine-epoch.ts";

import type { ClaimSession } from "./claim-session.ts";

/**
 * Claims the rig's machines from the gate, waiting in line as long as it takes. Nothing is dialled
 * until a machine is used.
 */
export async function claimMachines(
  client: GateClient,
  rollback: Welcome["rollback"],
  clock: Clock = systemClock,
): Promise<ClaimSession> {
  const first = await client.claim(rollback);
  const { claim: id } = first;
  const connections = new Map<SshConnection, string>();
  /** Machines that are between two boots, or two states: who wants in waits. */
  const away = new Map<string, Promise<void>>();
  const lost = new AbortController();
  const cleanups = createCleanupStack();
  let epoch: MachineEpoch = { grant: first, off: new Set() };
  let failure: { readonly reason: unknown } | undefined;
  let released: VmrigError | undefined;
  const pristine = createPristineState(clock);
  if (first.fresh) pristine.reached("baseline");
  /**
   * The machines are being brought to their baseline: nobody looks at them until that has ended.
   */
  let entering: Promise<void> | undefined;

  const hangUp = (names?: readonly string[]): void => {
    for (const [connection, name] of connections) {
      if (names !== undefined && !names.includes(name)) continue;
      connection.hangUp();
      connections.delete(connection);
    }
  };
  client.onLost(id, (error) => {
    lost.abort(error);
    hangUp();
  });

  /**
   * Nobody knows what the machines are while this is asked: they stay out of reach until it
   * succeeds.
   */
  const enter = async (ask: () => Promise<Grant>): Promise<void> => {
    const before = entering;
    const work = (async (): Promise<void> => {
      await before?.catch(() => {});
      hangUp();
      pristine.touch();
      try {
        epoch = { grant: await ask(), off: new Set() };
        failure = undefined;
        pristine.reached("baseline");
      } catch (reason) {
        failure = { reason };
        throw reason;
      }
    })();
    entering = work;
    try {
      await work;
    } finally {
      if (entering === work) entering = undefined;
    }
  };

  const isOver = (mine: MachineEpoch): boolean =>
    epoch !== mine || entering !== undefined || released !== undefined || lost.signal.aborted;

  const open = async (name: string, target: SshTarget): Promise<SshConnection> => {
    const connection = await dial(target, { name, maxSessions: 100, signal: lost.signal });
    connections.set(connection, name);
    connection.closed.addEventListener("abort", () => connections.delete(connection), {
      once: true,
    });
    return connection;
  };

  /**
   * @returns nothing when the machines were not at their baseline, or not any more: then there is
   *   another visit to look at
   */
  const proveAll = async (mine: MachineEpoch): Promise<Map<string, SshConnection> | undefined> => {
    const { baseline, guest, nonce, machines } = mine.grant;
    const sick: Unhealthy[] = [];
    const opened = new Map<string, SshConnection>();
    await Promise.all(
      machines.map(async ({ name, target }) => {
        try {
          const connection = await open(name, target);
          opened.set(name, connection);
          if (isOver(mine)) return;
          await prove(connection, { machine: name, baseline, guest, nonce, signal: lost.signal });
        } catch (error) {
          sick.push({ machine: name, error: asVmrigError(error) });
        }
      }),
    );
    if (isOver(mine)) {
      for (const connection of opened.values()) connection.hangUp();
      return undefined;
    }
    if (sick.length === 0) return opened;
    await enter(() => client.heal(id, sick));
    return undefined;
  };

  /** What is there is proven before anything is done to it. */
  const proven = async (): Promise<{
    readonly mine: MachineEpoch;
    readonly connections: Map<string, SshConnection>;
  }> => {
    for (;;) {
      await entering?.catch(() => {});
      lost.signal.throwIfAborted();
      if (released !== undefined) throw released;
      if (failure !== undefined) throw failure.reason;
      const mine = epoch;
      pristine.touch();
      const found = await (mine.proven ??= proveAll(mine));
      if (found !== undefined) return { mine, connections: found };
    }
  };

  const connect = async (name: string): Promise<SshConnection> => {
    for (;;) {
      const { mine, connections } = await proven();
      const returning = away.get(name);
      if (returning !== undefined) {
        await returning.catch(() => {}); // whoever sent it away is told
        continue;
      }
      if (mine.off.has(name)) throw switchedOff(name);
      const connection = connections.get(name);
      if (connection?.closed.aborted === false) return connection;
      // The machine was rebooted, or hung up on; what it was is proven.
      const again = await open(name, machineOf(mine.grant, name).target);
      if (!isOver(mine)) return again;
      again.hangUp();
    }
  };

  /**
   * Machines that turn out not to be at their baseline would be rolled back, and what there is to
   * see with them.
   */
  const peek = async (name: string): Promise<SshConnection> => {
    lost.signal.throwIfAborted();
    const proven = entering === undefined ? await epoch.proven?.catch(() => undefined) : undefined;
    const connection = proven?.get(name);
    pristine.touch();
    if (proven === undefined) {
      throw new VmrigError("MACHINE_UNREACHABLE", {
        message: `Nobody has logged in to ${name} since its last rollback.`,
      });
    }
    return connection?.closed.aborted === false
      ? connection
      : open(name, machineOf(epoch.grant, name).target);
  };

  const control = createMachineControl({
    grant: () => epoch.grant,
    connect,
    async act(command) {
      const { mine } = await proven();
      const done = await client.act(id, command);
      const machines = mine.grant.machines.map(
        (old) => done.machines.find(({ name }) => name === old.name) ?? old,
      );
      mine.grant = { ...mine.grant, machines };
      return done;
    },
    console: (name) => client.console(id, name),
    open: (name) => open(name, machineOf(epoch.grant, name).target),
    async without(names, work) {
      const { mine, connections: known } = await proven();
      const gone = Promise.withResolvers<void>();
      for (const name of names) away.set(name, gone.promise);
      hangUp(names);
      try {
        await work((name, fresh) => void known.set(name, fresh));
        if (isOver(mine)) hangUp(names);
      } finally {
        for (const name of names) away.delete(name);
        gone.resolve();
      }
    },
    switched: (name, off) => void (off ? epoch.off.add(name) : epoch.off.delete(name)),
    stands: (checkpoint) => pristine.reached(checkpoint),
    spoil: (reason) => void (failure = { reason }),
    signal: lost.signal,
  });

  const claim: ClaimSession = {
    rig: control.rig,
    get stand() {
      return pristine.at;
    },
    scope: undefined,
    since: undefined,
    observer: undefined,
    get copy() {
      return epoch.grant.copy;
    },
    baseline: first.baseline,
    guest: first.guest,
    fresh: first.fresh,
    signal: lost.signal,
    machines: Object.fromEntries(
      first.machines.map(({ name, lanAddress, target }) => [
        name,
        createMachine({
          name,
          address: lanAddress,
          user: target.user,
          connect: () => connect(name),
          signal: lost.signal,
          control: control.of(name),
          scope: () => claim.scope,
          since: () => claim.since,
          observer: () => claim.observer,
          onCleanup: (work) => cleanups.add(() => unlessAway(work)),
        }),
      ]),
    ),
    lookers: Object.fromEntries(
      first.machines.map(({ name, lanAddress, target: { user } }) => [
        name,
        createMachine({
          name,
          address: lanAddress,
          user,
          connect: () => peek(name),
          signal: lost.signal,
        }).root,
      ]),
    ),
    console: (name) => client.console(id, name),
    begin: () => cleanups.begin(),
    connect,
    target(name) {
      pristine.touch();
      return machineOf(epoch.grant, name).target;
    },
    async rollBack() {
      lost.signal.throwIfAborted();
      if (released !== undefined) throw released;
      if (pristine.at !== "baseline") await enter(() => client.rollBack(id));
    },
    pause(failure) {
      pristine.touch(); // by the person
      return client.pause(id, failure);
    },
    async release(failed = false) {
      try {
        await cleanups.done();
      } finally {
        released = new VmrigError("LEASE_LOST", {
          message: `The claim on ${epoch.grant.copy} is over: its test file has ended.`,
        });
        hangUp();
        if (!lost.signal.aborted) await client.release(id, failed);
      }
    },
  };
  return claim;
}

function switchedOff(name: string): VmrigError {
  return new VmrigError("MACHINE_OFF", {
    message: `${name} is off: this test switched it off.`,
    hint: "powerOn() boots it from its disk",
  });
}
