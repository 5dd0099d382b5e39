import { copyNames } from "../config/copy-spec.ts";
import type { ResolvedRig } from "../config/schema.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { closestFirst } from "./closest-name.ts";
import type { OptionSpec } from "./verb.ts";

/**
 * The option `--copy NAME`.
 *
 * @param meaning What NAME does for this verb, and what is without it.
 */
export function copyOption(
  meaning: string,
): OptionSpec & { readonly type: "string"; readonly multiple?: never } {
  return { type: "string", value: "NAME", help: meaning };
}

/**
 * The copies that are meant: the one that was named, else all.
 *
 * @throws VmrigError `CONFIG_INVALID` with those that there are
 */
export function pickCopies(rig: ResolvedRig, name: string | undefined): readonly string[] {
  const names = copyNames(rig);
  if (name === undefined) return names;
  if (names.includes(name)) return [name];
  throw new VmrigError("CONFIG_INVALID", {
    message: `Rig "${rig.name}" has no copy "${name}".`,
    details: [`it has: ${closestFirst(name, names).join(", ")}`],
  });
}
