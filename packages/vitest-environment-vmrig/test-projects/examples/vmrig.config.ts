import { defineRig, type RigConfig } from "vmrig";
import twoMachines from "../../../../examples/two-machines/vmrig.config.ts";

// One of the examples, on the machines that the first of them has made: a boot takes a minute where they are emulated.
const path = `../../../../examples/${process.env["TEST_EXAMPLE"]}/vmrig.config.ts`;
const { default: example } = (await import(path)) as { readonly default: RigConfig };

/** A line of the example's recipe that somebody has forgotten. */
const forgotten = process.env["TEST_FORGOTTEN"];
const machines = JSON.stringify(example.machines).replace(`${forgotten}\\n`, "");

export default defineRig({
  ...example,
  name: twoMachines.name,
  machines: { pc1: {}, pc2: {}, ...(JSON.parse(machines) as typeof example.machines) },
});
