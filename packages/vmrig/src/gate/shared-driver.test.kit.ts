import { join } from "node:path";
import type { CopySpec, Driver } from "../driver/driver.ts";
import { fakeDriver } from "../driver/fake/driver.ts";

/**
 * The fake driver with machines in one folder that every home reaches, as if they were in a cloud.
 * Each home passes its own folders of a copy, and each call gets the common ones.
 */
export function sharedDriver(cloud: string): Driver {
  const fake = fakeDriver();
  const methods = Object.entries(fake).filter(([, value]) => typeof value === "function") as Array<
    [string, (...args: unknown[]) => unknown]
  >;
  const moved = methods.map(([name, call]) => [
    name,
    (...args: unknown[]) => call(...args.map((value) => inCloud(value, cloud))),
  ]);
  return { ...fake, ...(Object.fromEntries(moved) as Partial<Driver>), locality: "shared" };
}

/** Returns a copy of the machines in the cloud; also one inside of a machine's name. */
export function cloudCopy(copy: CopySpec, cloud: string): CopySpec {
  return { ...copy, folder: join(cloud, copy.copy), runtimeFolder: join(cloud, "run", copy.copy) };
}

function inCloud(value: unknown, cloud: string): unknown {
  if (Array.isArray(value)) return value.map((item) => inCloud(item, cloud));
  if (typeof value !== "object" || value === null) return value;
  if ("runtimeFolder" in value) return cloudCopy(value as CopySpec, cloud);
  if ("copy" in value && typeof value.copy === "object")
    return { ...value, copy: inCloud(value.copy, cloud) };
  return value;
}
