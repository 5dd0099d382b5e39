import { defineRig, type RigConfig } from "vmrig";
import twoMachines from "../../../../examples/two-machines/vmrig.config.ts";

const path = `../../../../examples/${process.env["TEST_EXAMPLE"]}/vmrig.config.ts`;
const { default: example } = (await import(path)) as { readonly default: RigConfig };

// Runs one of the examples on the machines of the first example, on top of its baseline: a boot
// takes a minute where machines are emulated, and a baseline a third of that.
const own = Object.entries(example.machines).map(
  ([name, machine]) => [name, { ...shared(name), ...machine }] as const,
);
const recipe = process.env["TEST_RECIPE"];

export default defineRig({
  ...example,
  name: twoMachines.name,
  machines: { ...twoMachines.machines, ...Object.fromEntries(own) },
  ...(recipe !== undefined && { prepare: { run: [recipe] } }),
});

function shared(name: string): RigConfig["machines"][string] {
  return twoMachines.machines[name as keyof typeof twoMachines.machines];
}
