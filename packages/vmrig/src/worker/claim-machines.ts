import { systemClock, type Clock } from "../clock/clock.ts";
import { createMachine } from "../machine/create-machine.ts";
import type { GateClient } from "../protocol/gate-client.ts";
import type { Welcome } from "../protocol/messages.ts";
import type { ClaimSession } from "./claim-session.ts";
import { createCleanupStack, unlessAway } from "./cleanup-stack.ts";
import { machineOf } from "./machine-epoch.ts";
import { openSession } from "./open-session.ts";
import { controlOf } from "./claim-control.ts";

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
    get restoredTo() {
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
    evidenceMachines: Object.fromEntries(
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
