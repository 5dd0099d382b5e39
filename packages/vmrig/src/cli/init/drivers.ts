import { VmrigError } from "../../errors/vmrig-error.ts";
import { availableNames } from "../../errors/closest-name.ts";

/** A driver for a new project. */
export interface DriverChoice {
  /** Expression in the config that creates the driver. */
  readonly expression: string;
  readonly importLine: string;
  /** The package of the driver, unless it is part of vmrig. */
  readonly dependency?: string;
}

const DRIVERS: Readonly<Record<string, DriverChoice>> = {
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

/** @throws VmrigError `CONFIG_INVALID` for an unknown name, with the known ones */
export function findDriver(name: string): DriverChoice {
  const driver = Object.hasOwn(DRIVERS, name) ? DRIVERS[name] : undefined;
  if (driver !== undefined) return driver;
  throw new VmrigError("CONFIG_INVALID", {
    message: `vmrig init has no driver "${name}".`,
    details: [availableNames(name, Object.keys(DRIVERS))],
  });
}
