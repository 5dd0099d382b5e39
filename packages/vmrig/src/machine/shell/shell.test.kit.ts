import { onTestFinished } from "vitest";
import type { Machine } from "../machine.ts";
import type { ShellOptions } from "./options.ts";
import type { Shell } from "./shell.ts";

/** Options for tests with a separate machine: a prompt that is equal everywhere. */
export const BASH = {
  command: ["bash", "--norc", "--noprofile"],
  env: { PS1: "$ ", LANG: "C.UTF-8" },
} as const satisfies ShellOptions;
export const WAIT_20S = { timeout: "20s" } as const;

/** Opens a shell that is closed at the end of the test. */
export async function openShell(machine: Machine, options: ShellOptions = BASH): Promise<Shell> {
  const shell = await machine.shell(options);
  onTestFinished(() => shell.close());
  return shell;
}
