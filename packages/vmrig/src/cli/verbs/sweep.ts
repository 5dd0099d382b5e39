import { asVmrigError } from "../../errors/vmrig-error.ts";
import type { Leftover } from "../../operations/sweep/leftover.ts";
import { openRig } from "../open-rig.ts";
import { defineVerb } from "../verb.ts";

export const sweep = defineVerb({
  name: "sweep",
  summary: "lists orphans that runs left behind; removes them with --remove",
  details: [
    "Orphans are machines without a state, copies beyond the config, and the processes, sockets and records of runs that ended. Never lists leased or retained copies.",
    "For machines in a cloud, orphans are what exists in the whole project and no state has, with its cost. What may belong to a state in another store is listed as unknown, and stays.",
  ],
  operands: [],
  options: {
    remove: { type: "boolean", help: "removes the listed orphans" },
    owner: {
      type: "string",
      multiple: true,
      value: "OWNER",
      help: "the state of this owner is gone for good, so what it has in the cloud is an orphan",
    },
  },
  async run(context, { options: { remove = false, owner = [] } }) {
    const { holder, say, print, signal } = context;
    const { rig, folders } = await openRig(context);
    const { findLeftovers } = await import("../../operations/sweep/sweep.ts");
    const owners = new Set(owner);
    const found = await findLeftovers({ rig, folders, holder, say, owners, signal });
    const orphans = found.filter(({ unproven }) => unproven === undefined);
    const unknown = found.filter(({ unproven }) => unproven !== undefined);
    let removed = 0;
    for (const orphan of orphans) {
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
    for (const { what } of unknown) print(`unknown  ${what}\n`);
    const outcome = remove ? `, ${removed} removed` : "; remove with `vmrig sweep --remove`";
    say(`sweep    ${countOf(orphans.length)}${orphans.length === 0 ? "" : outcome}`);
    for (const line of unknownLines(unknown)) say(line);
  },
});

function countOf(orphans: number): string {
  if (orphans === 0) return "no orphans";
  return orphans === 1 ? "1 orphan" : `${orphans} orphans`;
}

/** Says what a person who knows more than vmrig can do about resources of other states. */
function unknownLines(unknown: readonly Leftover[]): readonly string[] {
  if (unknown.length === 0) return [];
  const one = unknown.length === 1;
  const count = one ? "1 resource is" : `${unknown.length} resources are`;
  const owned = unknown.some(({ unproven }) => unproven?.owner !== undefined);
  return [
    `unknown  ${count} not known to this config, and vmrig does not remove ${one ? "it" : "them"}`,
    ...(owned
      ? [
          "unknown  if the state of an owner is gone for good, name it: `vmrig sweep --remove --owner OWNER`",
        ]
      : []),
  ];
}
