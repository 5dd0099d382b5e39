import { openRig } from "../../open-rig.ts";
import { copyOption } from "../../options.ts";
import { defineVerb } from "../../verb.ts";

export const rekey = defineVerb({
  name: "state rekey",
  summary: "encrypts the newest version with the first key of VMRIG_STATE_KEY",
  details: [
    "Set VMRIG_STATE_KEY=new,old first. Also encrypts a state that is in clear. Older versions keep their keys: prints which ones.",
  ],
  operands: [],
  options: { copy: copyOption("only this copy; default: all copies, one after another") },
  async run(context, { options: { copy: only } }) {
    const { holder, say, signal, print } = context;
    const { rig, folders } = await openRig(context);
    const [{ pickCopies, pickCopy }, { rekeyState }, { rangesOf }] = await Promise.all([
      import("../../pick-copy.ts"),
      import("../../../operations/state/rekey-state.ts"),
      import("../../../provision/state/read-version.ts"),
    ]);
    for (const name of pickCopies(rig, only)) {
      const copy = pickCopy(rig, folders, name);
      const { version, stored, key, others } = await rekeyState({
        rig,
        folders,
        copy,
        holder,
        say,
        signal,
      });
      if (version === 0) print(`nothing  ${name}: no state\n`);
      else if (stored) print(`stored   ${name}: version ${version}, encrypted with key ${key}\n`);
      else print(`current  ${name}: version ${version} has key ${key} already\n`);
      for (const [other, versions] of others)
        print(
          `history  ${name}: ${other === undefined ? "not encrypted" : `needs key ${other}`}: version ${rangesOf(versions)}\n`,
        );
    }
  },
});
