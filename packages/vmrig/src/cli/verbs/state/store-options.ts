import type { StateOptions } from "../../../provision/state/state-options.ts";
import { usageError } from "../../usage-error.ts";
import type { OptionSpecs, OptionValues } from "../../verb.ts";

/** Options that describe a store. Their names are those of the config, after the store's name. */
export const STORE_OPTIONS = {
  "pg-url": { type: "string", value: "URL", help: "for pg: postgres://user@host:5432/database" },
  "pg-schema": { type: "string", value: "NAME", help: "for pg: the schema; default: vmrig" },
  "s3-bucket": { type: "string", value: "NAME", help: "for s3: the bucket" },
  "s3-region": { type: "string", value: "NAME", help: "for s3: the region" },
  "s3-endpoint": { type: "string", value: "URL", help: "for s3: a server other than Amazon's" },
  "s3-path-style": { type: "boolean", help: "for s3: the bucket is in the path" },
  "s3-prefix": {
    type: "string",
    value: "NAME",
    help: "for s3: the first part of every key; default: vmrig",
  },
} as const satisfies OptionSpecs;

export type StoreOptionValues = OptionValues<typeof STORE_OPTIONS>;

/**
 * Returns the store that the options describe.
 *
 * @throws VmrigError `CONFIG_INVALID`
 */
export async function parseStore(store: string, options: StoreOptionValues): Promise<StateOptions> {
  const given = Object.entries(options).flatMap(([option, value]) => {
    const [kind, ...words] = option.split("-");
    if (!["pg", "s3"].includes(kind ?? "")) return [];
    if (kind !== store) throw usageError(`--${option} does not fit the store "${store}".`);
    return [[settingOf(words), value] as const];
  });
  const { stateStore } = await import("../../../config/state-schema.ts");
  const parsed = stateStore.safeParse({ store, ...Object.fromEntries(given) });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const setting = issue?.path[0];
  if (typeof setting !== "string" || setting === "store")
    throw usageError(`vmrig has no store "${store}".`, "the stores are file, redis, pg and s3");
  const name = optionOf(store, setting);
  throw usageError(`The store "${store}" needs another --${name}: ${issue?.message ?? ""}.`);
}

/** `path-style` → `pathStyle` */
function settingOf([first = "", ...others]: readonly string[]): string {
  return [first, ...others.map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`)].join(
    "",
  );
}

/** `s3`, `pathStyle` → `s3-path-style` */
function optionOf(store: string, setting: string): string {
  return `${store}-${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
