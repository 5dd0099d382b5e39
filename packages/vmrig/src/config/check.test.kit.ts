import type { Driver } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { checkConfig } from "./check.ts";

// The schema only checks that the driver looks like a driver, and passes it through.
export const driver = { name: "none", declare: () => {} } as unknown as Driver;

/** The smallest valid config. */
export const good = { name: "pcs", driver, machines: { pc1: {} } };

/** Returns the mistakes that the check reports for a config. */
export function mistakes(config: unknown): readonly string[] {
  try {
    checkConfig(config, "/x/vmrig.config.ts");
  } catch (error) {
    if (error instanceof VmrigError && error.code === "CONFIG_INVALID") return error.details;
    throw error;
  }
  return [];
}
