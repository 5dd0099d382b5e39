import { isDeepStrictEqual } from "node:util";
import type { ResolvedRig } from "../../config/schema.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { stateOptions } from "../../gate/store/open-states.ts";
import type { StateOptions } from "../../provision/state/state-options.ts";

/**
 * Checks that the rig could use a store, and does not yet.
 *
 * @throws VmrigError `CONFIG_INVALID`
 */
export function checkTarget(rig: ResolvedRig, to: StateOptions): void {
  const { driver, name } = rig;
  const shared = driver.locality === "shared";
  if (shared === (to.store === "file")) {
    throw new VmrigError("CONFIG_INVALID", {
      message: `The rig "${name}" cannot use the store "${to.store}".`,
      details: [
        shared
          ? `others use the machines of the driver "${driver.name}" too, and must see the same state`
          : `the machines of the driver "${driver.name}" are on this computer, and so is their state`,
      ],
    });
  }
  if (!isDeepStrictEqual(placeOf(to), placeOf(stateOptions(rig)))) return;
  throw new VmrigError("CONFIG_INVALID", {
    message: `The config of "${name}" names this store already.`,
    hint: "name the old store in the config until its states are copied",
  });
}

/** Returns the line of the config that names a store, without a password. */
export function configLine(options: StateOptions): string {
  const fields = Object.entries(
    options.store === "pg" ? { ...options, url: withoutPassword(options.url) } : options,
  ).filter(([, value]) => value !== undefined);
  return `state: { ${fields.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(", ")} },`;
}

/** What identifies the place of a store, with all defaults. */
function placeOf(options: StateOptions): object {
  if (options.store === "pg") {
    const { url, schema = "vmrig" } = options;
    return { url: withoutPassword(url), schema };
  }
  if (options.store === "s3") {
    const { bucket, region, endpoint, prefix = "vmrig" } = options;
    return { bucket, region, endpoint, prefix };
  }
  return options;
}

function withoutPassword(url: string): string {
  return url.replace(/^(\w+:\/\/[^:/?#@]*):[^/?#]*@/, "$1@");
}
