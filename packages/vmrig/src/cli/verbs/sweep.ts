import { asVmrigError } from "../../errors/vmrig-error.ts";
import { openRig } from "../open-rig.ts";
import { defineVerb } from "../verb.ts";

export const sweep = defineVerb({
  name: "sweep",
  summary: "lists orphans that runs left behind; removes them with --remove",
  details: [
    "Orphans are machines without a state, copies beyond the config, and the processes, sockets and records of runs that ended. Never lists leased or retained copies.",
  ],
  operands: [],
  options: { remove: { type: "boolean", help: "removes the listed orphans" } },
  async run(context, { options: { remove = false } }) {
    const { holder, say, print, signal } = context;
    const { rig, folders } = await openRig(context);
    const { findLeftovers } = await import("../../operations/sweep/sweep.ts");
    const found = await findLeftovers({ rig, folders, holder, say, signal });
    let removed = 0;
    for (const orphan of found) {
      signal.throwIfAborted();
      if (!remove) {
        print(`orphan   ${orphan.what}\n`);
        continue;
      }
      try {
        await orphan.remove();
        removed += 1;
        print(`removed  ${orphan.what}\n`);
      } catch (error) {
        signal.throwIfAborted();
        print(`left     ${orphan.what}\n`);
        say(`left     ${asVmrigError(error).summary}`);
      }
    }
    const outcome = remove ? `, ${removed} removed` : "; remove with `vmrig sweep --remove`";
    say(`sweep    ${countOf(found.length)}${found.length === 0 ? "" : outcome}`);
  },
});

function countOf(orphans: number): string {
  if (orphans === 0) return "no orphans";
  return orphans === 1 ? "1 orphan" : `${orphans} orphans`;
}
