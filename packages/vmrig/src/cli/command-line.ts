import { parseArgs } from "node:util";
import { VmrigError } from "../errors/vmrig-error.ts";

/** What was asked for. */
export type Order =
  | { readonly verb: "help" }
  | { readonly verb: "up"; readonly config?: string; readonly allow: ReadonlySet<string> }
  | { readonly verb: "destroy"; readonly config?: string; readonly confirm: string };

const VERBS = ["up", "destroy", "help"];

/** @throws VmrigError `CONFIG_INVALID` for what is no order, with those there are */
export function parseCommandLine(args: readonly string[]): Order {
  const { values, positionals } = parse(args);
  const [verb, ...rest] = positionals;
  if (values.help === true || verb === undefined || verb === "help") return { verb: "help" };
  const config = values.config === undefined ? {} : { config: values.config };
  switch (verb) {
    case "up":
      refuseMore(verb, rest);
      return { verb, ...config, allow: new Set(values.allow) };
    case "destroy":
      refuseMore(verb, rest.slice(1));
      return { verb, ...config, confirm: rest[0] ?? "" };
    default:
      throw new VmrigError("CONFIG_INVALID", { message: `vmrig knows no verb "${verb}".`, details: [`it knows: ${VERBS.join(", ")}`] });
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { config: { type: "string" }, allow: { type: "string", multiple: true }, help: { type: "boolean" } },
    });
  } catch (cause) {
    throw new VmrigError("CONFIG_INVALID", {
      message: cause instanceof Error ? cause.message : String(cause),
      hint: "see vmrig --help",
      cause,
    });
  }
}

function refuseMore(verb: string, more: readonly string[]): void {
  if (more.length > 0)
    throw new VmrigError("CONFIG_INVALID", { message: `vmrig ${verb} does not take "${more.join(" ")}".`, hint: "see vmrig --help" });
}
