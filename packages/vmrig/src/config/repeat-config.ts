import { relative } from "node:path";
import { VmrigError } from "../errors/vmrig-error.ts";
import { quoteWord } from "../ssh/quote.ts";
import { findConfig } from "./load.ts";

/** Verbs that read the config. Without `--config` they might find another one. */
export const CONFIG_VERBS = [
  "doctor",
  "status",
  "up",
  "rollback",
  "ssh",
  "exec",
  "logs",
  "release",
  "down",
  "rest",
  "destroy",
  "sweep",
  "state",
  "image",
] as const;

// A group is followed by one of its verbs.
const COMMAND = new RegExp(`\`vmrig (?:(?:state|image) [a-z]+|${CONFIG_VERBS.join("|")})\\b`, "g");

/**
 * Adds `--config` to each quoted command of vmrig in a text, so that the command finds the same
 * config. An unquoted command is not to be run: it is what the holder of a lease started.
 */
export function repeatConfig(text: string, config: string | undefined): string {
  if (config === undefined) return text;
  return text.replaceAll(COMMAND, (command) => `${command} --config ${quoteWord(config)}`);
}

/** Returns an error whose hint names the config. */
export function withConfigInHint(error: VmrigError, config: string | undefined): VmrigError {
  const { code, summary, details, hint, cause } = error;
  const repeated = hint && repeatConfig(hint, config);
  if (repeated === undefined || repeated === hint) return error;
  return new VmrigError(code, { message: summary, details, hint: repeated, cause });
}

/**
 * Returns the value that `--config` needs for a command to find this config.
 *
 * @returns `undefined` when the command finds it without the option
 */
export async function neededConfig(file: string, cwd: string): Promise<string | undefined> {
  const found = await findConfig(cwd).catch(() => undefined);
  return found === file ? undefined : relative(cwd, file);
}
