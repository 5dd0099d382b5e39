import { copyOption } from "../pick-copy.ts";
import { readyCopies } from "../ready-copies.ts";
import { defineVerb } from "../verb.ts";

export const rollback = defineVerb({
  name: "rollback",
  summary: "brings the rig's machines back to their baseline",
  details: [
    "What runs on them ends, what was changed is gone. A test run does the same before its first file.",
  ],
  operands: [],
  options: { copy: copyOption("this copy alone; default: all, one after another") },
  async run(surroundings, { options: { copy } }) {
    await readyCopies(surroundings, { copy });
  },
});
