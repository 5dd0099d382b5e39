import { copyOption } from "../pick-copy.ts";
import { readyCopies } from "../ready-copies.ts";
import { defineVerb } from "../verb.ts";

export const up = defineVerb({
  name: "up",
  summary: "makes the rig's machines and their baseline, and mends what is broken",
  details: [
    "A test run does the same by itself, but replaces nothing, and leaves broken copies out.",
  ],
  operands: [],
  options: {
    copy: copyOption("this copy alone; default: all, one after another"),
    allow: {
      type: "string",
      multiple: true,
      value: "ADDRESS",
      help: "the resource of this address may be replaced or deleted",
    },
  },
  async run(surroundings, { options: { copy, allow } }) {
    await readyCopies(surroundings, { copy, allow: new Set(allow) });
  },
});
