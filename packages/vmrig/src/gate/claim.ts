import type { Sick } from "../baseline/ladder.ts";
import { prove } from "../baseline/proof.ts";
import { asVmrigError, isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { createMachine, type Machine } from "../machine/machine.ts";
import { dial, type Connection } from "../ssh/connection.ts";
import type { SshTarget } from "../ssh/handshake.ts";
import type { GateClient } from "./client.ts";
import { createEndings } from "./endings.ts";
import type { Grant, Welcome } from "./messages.ts";

/** Machines that are this worker's until it releases them. The `Machine` objects stay the same across rollbacks. */
export interface Claim {
  readonly copy: string;
  readonly baseline: string;
  /** Whether the machines were at their baseline when they were handed out. */
  readonly fresh: boolean;
  /** By name. */
  readonly machines: Readonly<Record<string, Machine>>;
  /** Aborts when the lease is lost: every command ends, every connection is closed. */
  readonly signal: AbortSignal;
  /** Ends the commands that begin while it is set: the signal of the test that runs. */
  scope: AbortSignal | undefined;
  /** When what runs now began: older lines of a journal are not its own. */
  since: Date | undefined;
  /**
   * Begins a part of the file, such as a test. The function that it returns ends it: removes the temporary folders that were made since.
   *
   * @throws VmrigError `FILE_FAILED` when one of them cannot be removed
   */
  begin(): () => Promise<void>;
  /** A connection to a machine, after all of them were proven. It is kept, and the same for whoever asks until it ends. */
  connect(name: string): Promise<Connection>;
  /** Where a machine is, and what opens it, until the next rollback. */
  target(name: string): SshTarget;
  /** All machines back to their baseline; what runs on them ends. */
  rollBack(): Promise<void>;
  /** `failed` when a test on these machines did: they may be kept as they are. @defaultValue false */
  release(failed?: boolean): Promise<void>;
}

/** The machines between two rollbacks. */
interface Visit {
  readonly grant: Grant;
  /** Every machine is proven before the first command on any: one may talk to another that no test logs in to. */
  proven?: Promise<Map<string, Connection> | undefined>;
}

/** Claims the rig's machines from the gate, waiting in line as long as it takes. Nothing is dialled until a machine is used. */
export async function claimMachines(client: GateClient, rollback: Welcome["rollback"]): Promise<Claim> {
  const first = await client.claim(rollback);
  const { claim: id } = first;
  const connections = new Set<Connection>();
  const lost = new AbortController();
  const endings = createEndings();
  let visit: Visit = { grant: first };
  let failure: { readonly reason: unknown } | undefined;
  let released: VmrigError | undefined;
  /** The machines are being brought to their baseline: nobody looks at them until that has ended. */
  let entering: Promise<void> | undefined;

  const hangUp = (): void => {
    for (const connection of connections) connection.hangUp();
    connections.clear();
  };
  client.onLost(id, (error) => {
    lost.abort(error);
    hangUp();
  });

  /** Nobody knows what the machines are while this is asked: they stay out of reach until it succeeds. */
  const enter = async (ask: () => Promise<Grant>): Promise<void> => {
    const before = entering;
    const work = (async (): Promise<void> => {
      await before?.catch(() => {});
      hangUp();
      try {
        visit = { grant: await ask() };
        failure = undefined;
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

  const isOver = (mine: Visit): boolean => visit !== mine || entering !== undefined || released !== undefined || lost.signal.aborted;

  const open = async (name: string, target: SshTarget): Promise<Connection> => {
    const connection = await dial(target, { name, maxSessions: 100, signal: lost.signal });
    connections.add(connection);
    connection.closed.addEventListener("abort", () => connections.delete(connection), { once: true });
    return connection;
  };

  /** @returns nothing when the machines were not at their baseline, or not any more: then there is another visit to look at */
  const proveAll = async (mine: Visit): Promise<Map<string, Connection> | undefined> => {
    const { baseline, guest, nonce, machines } = mine.grant;
    const sick: Sick[] = [];
    const opened = new Map<string, Connection>();
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

  const connect = async (name: string): Promise<Connection> => {
    for (;;) {
      await entering?.catch(() => {});
      lost.signal.throwIfAborted();
      if (released !== undefined) throw released;
      if (failure !== undefined) throw failure.reason;
      const mine = visit;
      const proven = await (mine.proven ??= proveAll(mine));
      if (proven === undefined) continue;
      const connection = proven.get(name);
      if (connection?.closed.aborted === false) return connection;
      // The machine was rebooted, or hung up on; what it was is proven.
      const again = await open(name, machineOf(mine.grant, name).target);
      if (!isOver(mine)) return again;
      again.hangUp();
    }
  };

  const claim: Claim = {
    scope: undefined,
    since: undefined,
    get copy() {
      return visit.grant.copy;
    },
    baseline: first.baseline,
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
          scope: () => claim.scope,
          since: () => claim.since,
          atEnd: (work) => endings.add(() => unlessAway(work)),
        }),
      ]),
    ),
    begin: () => endings.begin(),
    connect,
    target: (name) => machineOf(visit.grant, name).target,
    async rollBack() {
      lost.signal.throwIfAborted();
      await enter(() => client.rollBack(id));
    },
    async release(failed = false) {
      try {
        await endings.done();
      } finally {
        released = new VmrigError("LEASE_LOST", { message: `The claim on ${visit.grant.copy} is over: its test file has ended.` });
        hangUp();
        if (!lost.signal.aborted) await client.release(id, failed);
      }
    },
  };
  return claim;
}

/** What can no longer be done on a machine, its next rollback does. */
async function unlessAway(work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => {
    if (!isVmrigError(error) || error.code === "FILE_FAILED") throw error;
  });
}

function machineOf(granted: Grant, name: string): Grant["machines"][number] {
  const machine = granted.machines.find((candidate) => candidate.name === name);
  if (machine === undefined) throw new Error(`the grant has no machine ${name}`);
  return machine;
}
