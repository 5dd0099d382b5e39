import type { LocalStep } from "../driver/rig-stack.ts";
import { quoteWord } from "../ssh/quote.ts";
import { literal } from "./literal.ts";

/** A `local-exec` provisioner as cdktf takes it. */
export interface LocalExec {
  readonly type: "local-exec";
  readonly when?: "destroy";
  readonly command: string;
  readonly environment: Record<string, string>;
}

/**
 * Turns a step into a provisioner. The input goes through `self`, the only thing that a destroy
 * provisioner may refer to; so a destroy step sees what the resource was made with, not what the
 * config says now.
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
 * One line for `/bin/sh -c`. With `exec`: a Terraform that is told to stop kills the process that
 * it started, and this must be the step itself, not a shell around it.
 */
function shellCommand(words: readonly string[]): string {
  return ["exec", ...words.map(quoteWord)].join(" ");
}
