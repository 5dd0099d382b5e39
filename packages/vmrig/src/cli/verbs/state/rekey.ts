import type { Rekeyed } from "../../../operations/state/rekey-state.ts";
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
      const rekeyed = await rekeyState({ rig, folders, copy, holder, say, signal });
      if (rekeyed.length === 0) print(`nothing  ${name}: no state\n`);
      for (const one of rekeyed) print(render(one, rangesOf));
    }
  },
});

function render(
  { name, version, stored, before, key, others }: Rekeyed,
  rangesOf: (numbers: readonly number[]) => string,
): string {
  const lines = [
    stored
      ? `stored   ${name}: version ${version}, encrypted with key ${key}; it ${before === undefined ? "was not encrypted" : `had key ${before}`}`
      : `current  ${name}: version ${version} has key ${key} already`,
    ...[...others].map(([other, versions]) => {
      const needs = other === undefined ? "not encrypted" : `needs key ${other}`;
      return `history  ${name}: ${needs}: version ${rangesOf(versions)}`;
    }),
  ];
  return `${lines.join("\n")}\n`;
}
