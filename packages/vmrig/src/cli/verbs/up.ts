import { copyOption } from "../options.ts";
import { defineVerb } from "../verb.ts";

export const up = defineVerb({
  name: "up",
  summary: "creates the rig's machines and their baselines, and repairs broken copies",
  details: [
    "A test run also creates missing machines, but replaces nothing and skips broken copies.",
    "--replace also replaces a machine that seems intact. Everything on its disk is lost, and the baseline of the copy is prepared again. If the rig has several copies, name one with --copy.",
    "--refresh changes nothing when there is nothing to upgrade, or when an upgrade fails.",
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
    replace: {
      type: "string",
      multiple: true,
      value: "MACHINE",
      help: "replaces this machine by a new one",
    },
    refresh: {
      type: "boolean",
      help: "upgrades the packages of the machines, and captures their baselines again",
    },
  },
  async run(context, { options: { copy, allow, replace, refresh } }) {
    const { readyCopies } = await import("../ready-copies.ts");
    await readyCopies(context, { copy, allow: new Set(allow), replace, refresh });
  },
});
