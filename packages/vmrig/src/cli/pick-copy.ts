import { copyNames } from "../config/copy-spec.ts";
import type { ResolvedRig } from "../config/schema.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { closestFirst } from "./closest-name.ts";
import type { OptionSpec } from "./verb.ts";

/**
 * Returns the option `--copy NAME`.
 *
 * @param meaning Effect of NAME for this verb, and the default.
 */
export function copyOption(
  meaning: string,
): OptionSpec & { readonly type: "string"; readonly multiple?: never } {
  return { type: "string", value: "NAME", help: meaning };
}

/**
 * Returns the named copy, or all copies without a name.
 *
 * @throws VmrigError `CONFIG_INVALID` for an unknown name, with the known ones
 */
export function pickCopies(rig: ResolvedRig, name: string | undefined): readonly string[] {
  const names = copyNames(rig);
  if (name === undefined) return names;
  if (names.includes(name)) return [name];
  throw new VmrigError("CONFIG_INVALID", {
    message: `Rig "${rig.name}" has no copy "${name}".`,
    details: [`available: ${closestFirst(name, names).join(", ")}`],
  });
}
