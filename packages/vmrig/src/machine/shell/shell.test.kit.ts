import { onTestFinished } from "vitest";
import type { Machine } from "../machine.ts";
import type { ShellOptions } from "./options.ts";
import type { Shell } from "./shell.ts";

/** What each needs that is alone on its machine: a prompt that is the same everywhere. */
export const BASH = {
  command: ["bash", "--norc", "--noprofile"],
  env: { PS1: "$ ", LANG: "C.UTF-8" },
} as const satisfies ShellOptions;
export const PATIENT = { timeout: "20s" } as const;

/** Closed at the end of the test. */
export async function openShell(machine: Machine, options: ShellOptions = BASH): Promise<Shell> {
  const shell = await machine.shell(options);
  onTestFinished(() => shell.close());
  return shell;
}
