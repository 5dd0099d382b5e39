import { defineRig, type RigConfig } from "vmrig";
import twoMachines from "../../../../examples/two-machines/vmrig.config.ts";

const path = `../../../../examples/${process.env["TEST_EXAMPLE"]}/vmrig.config.ts`;
const { default: example } = (await import(path)) as { readonly default: RigConfig };

// One of the examples, on the machines of the first one, and on top of what that one has prepared
// there: a boot takes a minute where machines are emulated, and a baseline a third of it.
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
