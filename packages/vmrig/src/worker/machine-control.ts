import type { Rig } from "../machine/faults/checkpoint.ts";
import type { MachineControl } from "../machine/faults/machine-control.ts";
import { createCheckpoints } from "./checkpoints.ts";
import type { MachineControlOptions } from "./machine-control-options.ts";
import { switchPower } from "./switch-power.ts";

/** Creates the functions that control the power, links and checkpoints of a claim's machines. */
export function createMachineControl(reach: MachineControlOptions): {
  readonly of: (name: string) => MachineControl;
  readonly rig: Rig;
} {
  const { take, restore } = createCheckpoints(reach);
  return {
    of: (name) => ({
      get guest() {
        return reach.grant().guest;
      },
      power: (action) => switchPower(reach, { name, action }),
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
