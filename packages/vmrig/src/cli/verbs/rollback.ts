import { holdMachines } from "../hold-machines.ts";
import { defineVerb } from "../verb.ts";

export const rollback = defineVerb({
  name: "rollback",
  summary: "brings the rig's machines back to their baseline",
  details: ["What runs on them ends, what was changed is gone. A test run does the same before its first file."],
  operands: [],
  options: {},
  async run(surroundings) {
    await holdMachines(surroundings, {}, async ({ claim }) => {
      const names = Object.keys(claim.machines).join(", ");
      surroundings.answer(`ready    ${claim.copy}: ${names} at baseline ${claim.baseline}\n`);
    });
  },
});
