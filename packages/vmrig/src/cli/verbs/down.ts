import { openRig } from "../open-rig.ts";
import { copyOption } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const down = defineVerb({
  name: "down",
  summary: "stops the rig's machines; their disks and snapshots stay",
  details: [
    "Waits in the queue for each copy. The next run starts the machines again from their snapshots.",
    "Without --copy, also ends the embedded Redis if no run uses it. Its data stays.",
  ],
  operands: [],
  options: { copy: copyOption("only this copy; default: all copies, one after another") },
  async run(context, { options: { copy } }) {
    const { holder, say, print, signal } = context;
    const { rig, folders } = await openRig(context);
    const { pickCopies } = await import("../pick-copy.ts");
    pickCopies(rig, copy);
    const { stopRig } = await import("../../operations/stop-rig.ts");
    for await (const stopped of stopRig({
      rig,
      folders,
      holder,
      say,
      signal,
      ...(copy !== undefined && { only: copy }),
    })) {
      const { machines } = stopped;
      print(
        `off      ${stopped.copy}: ${machines.length === 0 ? "no machine was running" : machines.join(", ")}\n`,
      );
    }
    if (copy !== undefined) return;
    const { endIdleStore } = await import("../../gate/store/open-store.ts");
    if (await endIdleStore(rig, folders)) print("off      the embedded Redis\n");
  },
});
