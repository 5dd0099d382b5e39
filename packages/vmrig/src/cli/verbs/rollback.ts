import { copyOption } from "../pick-copy.ts";
import { readyCopies } from "../ready-copies.ts";
import { defineVerb } from "../verb.ts";

export const rollback = defineVerb({
  name: "rollback",
  summary: "rolls the rig's machines back to their baselines",
  details: [
    "Ends all running programs and discards all changes. A test run also rolls back before its first file.",
  ],
  operands: [],
  options: { copy: copyOption("only this copy; default: all copies, one after another") },
  async run(context, { options: { copy } }) {
    await readyCopies(context, { copy });
  },
});
