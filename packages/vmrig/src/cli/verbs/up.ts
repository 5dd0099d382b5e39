import { holdMachines } from "../hold-machines.ts";
import { defineVerb } from "../verb.ts";

export const up = defineVerb({
  name: "up",
  summary: "makes the rig's machines and their baseline",
  details: ["A test run does the same by itself, but replaces nothing."],
  operands: [],
  options: {
    allow: { type: "string", multiple: true, value: "ADDRESS", help: "the resource of this address may be replaced or deleted" },
  },
  async run(surroundings, { options }) {
    await holdMachines(surroundings, { allow: new Set(options.allow) }, async ({ claim }) => {
      const names = Object.keys(claim.machines).join(", ");
      surroundings.answer(`ready    ${claim.copy}: ${names} at baseline ${claim.baseline}\n`);
    });
  },
});
