/** A driver for a new project. */
export interface DriverChoice {
  /** Expression in the config that creates the driver. */
  readonly expression: string;
  readonly importLine: string;
  /** The package to install, unless the driver is part of vmrig. */
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
