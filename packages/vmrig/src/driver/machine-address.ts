import type { Driver } from "./driver.ts";

/** Returns the address of a machine in the state, as `vmrig up --allow` accepts it. */
export function machineAddress({ machineType = "terraform_data" }: Driver, name: string): string {
  return `${machineType}.${name}`;
}
