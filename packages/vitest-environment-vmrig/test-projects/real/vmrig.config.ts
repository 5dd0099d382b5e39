import { defineRig } from "vmrig";
import example from "../../../../examples/two-machines/vmrig.config.ts";

const { pc1, pc2 } = example.machines;

// The example's rig, so that both use the same machines. A test changes the rig through the
// environment.
export default defineRig({
  ...example,
  machines: { pc1: { ...pc1, memory: process.env["TEST_MEMORY"] ?? "512MB" }, pc2 },
  ...(process.env["TEST_RECIPE"] !== undefined && {
    prepare: { run: [process.env["TEST_RECIPE"]] },
  }),
});
