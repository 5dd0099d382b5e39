import type { LocalStep } from "../driver/rig-stack.ts";
import { quoteWord } from "../ssh/quote.ts";
import { literal } from "./literal.ts";

/** A `local-exec` provisioner in the format of cdktf. */
export interface LocalExec {
  readonly type: "local-exec";
  readonly when?: "destroy";
  readonly command: string;
  readonly environment: Record<string, string>;
}

/**
 * Converts a step to a provisioner. The input is passed through `self`, the only object that a
 * destroy provisioner may refer to. A destroy step therefore receives the input that the resource
 * was created with, not the current config.
 */
export function localExec(step: LocalStep, when: "create" | "destroy"): LocalExec {
  return {
    type: "local-exec",
    ...(when === "destroy" ? { when } : {}),
    command: literal(shellCommand(step.command)),
    environment: { ...literal({ ...step.environment }), VMRIG_INPUT: "${jsonencode(self.input)}" },
  };
}

/**
 * Returns one line for `/bin/sh -c`. With `exec`, because an interrupted Terraform kills the
 * process that it started, and that process must be the step itself, not a shell around it.
 */
function shellCommand(words: readonly string[]): string {
  return ["exec", ...words.map(quoteWord)].join(" ");
}
