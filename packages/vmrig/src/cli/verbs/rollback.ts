import { copyOption } from "../options.ts";
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
    const { readyCopies } = await import("../ready-copies.ts");
    await readyCopies(context, { copy });
  },
});
