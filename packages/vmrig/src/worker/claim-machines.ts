import { systemClock, type Clock } from "../clock/clock.ts";
import { createMachine } from "../machine/machine.ts";
import type { GateClient } from "../protocol/gate-client.ts";
import type { Welcome } from "../protocol/messages.ts";
import type { ClaimSession } from "./claim-session.ts";
import { createCleanupStack, unlessAway } from "./cleanup-stack.ts";
import { createMachineControl } from "./machine-control.ts";
import { machineOf } from "./machine-epoch.ts";
import { openSession, type Session } from "./session.ts";

/**
 * Claims the machines of a rig from the gate; waits in the queue until there is a copy. Nothing is
 * dialled until a machine is used.
 */
export async function claimMachines(
  client: GateClient,
  rollback: Welcome["rollback"],
  clock: Clock = systemClock,
): Promise<ClaimSession> {
  const first = await client.claim(rollback);
  const { claim: id } = first;
  const session = openSession(client, first, clock);
  const { connect, lost: signal, pristine } = session;
  const cleanups = createCleanupStack();
  const control = controlOf(session, client, id);

  const claim: ClaimSession = {
    rig: control.rig,
    get stand() {
      return pristine.at;
    },
    scope: undefined,
    since: undefined,
    observer: undefined,
    get copy() {
      return session.grant.copy;
    },
    baseline: first.baseline,
    guest: first.guest,
    fresh: first.fresh,
    signal,
    machines: Object.fromEntries(
      first.machines.map(({ name, lanAddress: address, target: { user } }) => [
        name,
        createMachine({
          name,
          address,
          user,
          connect: () => connect(name),
          signal,
          control: control.of(name),
          scope: () => claim.scope,
          since: () => claim.since,
          observer: () => claim.observer,
          onCleanup: (work) => cleanups.add(() => unlessAway(work)),
        }),
      ]),
    ),
    lookers: Object.fromEntries(
      first.machines.map(({ name, lanAddress: address, target: { user } }) => [
        name,
        createMachine({ name, address, user, connect: () => session.peek(name), signal }).root,
      ]),
    ),
    console: (name) => client.console(id, name),
    begin: () => cleanups.begin(),
    connect,
    target(name) {
      pristine.touch();
      return machineOf(session.grant, name).target;
    },
    rollBack: () => session.rollBack(),
    pause(failure) {
      pristine.touch(); // the person may use the machines
      return client.pause(id, failure);
    },
    async release(failed = false) {
      try {
        await cleanups.done();
      } finally {
        session.end();
        if (!signal.aborted) await client.release(id, failed);
      }
    },
  };
  return claim;
}

/** Power, links and checkpoints of a claim's machines. */
function controlOf(
  session: Session,
  client: GateClient,
  id: string,
): ReturnType<typeof createMachineControl> {
  const { connections, pristine } = session;
  return createMachineControl({
    grant: () => session.grant,
    connect: session.connect,
    async control(command) {
      const { epoch } = await session.proven();
      const result = await client.control(id, command);
      const machines = epoch.grant.machines.map(
        (old) => result.machines.find(({ name }) => name === old.name) ?? old,
      );
      epoch.grant = { ...epoch.grant, machines };
      return result;
    },
    console: (name) => client.console(id, name),
    open: session.open,
    async without(names, work) {
      const { epoch, connections: known } = await session.proven();
      await connections.whileAway(names, async () => {
        await work((name, fresh) => void known.set(name, fresh));
        if (!session.isCurrent(epoch)) connections.hangUp(names);
      });
    },
    switched: (name, off) => session.switched(name, off),
    stands: (checkpoint) => pristine.reached(checkpoint),
    spoil: session.spoil,
    signal: session.lost,
  });
}
