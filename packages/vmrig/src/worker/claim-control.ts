import type { GateClient } from "../protocol/gate-client.ts";
import { updateAddresses } from "./machine-epoch.ts";
import { createMachineControl } from "./machine-control.ts";
import type { Session } from "./session.ts";

/** Power, links and checkpoints of a claim's machines. */
export function controlOf(
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
      updateAddresses(epoch, result.machines);
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
    drawn: session.drawn,
    spoil: session.spoil,
    signal: session.lost,
  });
}
