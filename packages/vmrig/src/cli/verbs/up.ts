import { copyOption } from "../pick-copy.ts";
import { readyCopies } from "../ready-copies.ts";
import { defineVerb } from "../verb.ts";

export const up = defineVerb({
  name: "up",
  summary: "creates the rig's machines and their baselines, and repairs broken copies",
  details: [
    "A test run also creates missing machines, but replaces nothing and skips broken copies.",
  ],
  operands: [],
  options: {
    copy: copyOption("only this copy; default: all copies, one after another"),
    allow: {
      type: "string",
      multiple: true,
      value: "ADDRESS",
      help: "allows Terraform to replace or delete the resource at this address",
    },
  },
  async run(context, { options: { copy, allow } }) {
    await readyCopies(context, { copy, allow: new Set(allow) });
  },
});
