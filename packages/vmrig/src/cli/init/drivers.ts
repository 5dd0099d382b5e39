/** Where the machines of a new project may come from. */
export interface DriverChoice {
  /** How the config makes it. */
  readonly expression: string;
  readonly importLine: string;
  /** The package to install, unless vmrig itself has it. */
  readonly dependency?: string;
}

export const DRIVERS: Readonly<Record<string, DriverChoice>> = {
  qemu: {
    expression: "qemu()",
    importLine: 'import { qemu } from "@vmrig/driver-qemu";',
    dependency: "@vmrig/driver-qemu",
  },
  fake: {
    expression: "fakeDriver()",
    importLine: 'import { fakeDriver } from "vmrig/driver-fake";',
  },
};
