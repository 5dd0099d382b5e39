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
 * Converts a create step to a provisioner. `values` is the second part of the machine's origin; the
 * first part, the id of the resource, exists only during the apply.
 */
export function createExec(step: LocalStep, values: string): LocalExec {
  const origin = `\${jsonencode({ resource = self.id, values = "${values}" })}`;
  return localExec(step, { VMRIG_ORIGIN: origin });
}

export function destroyExec(step: LocalStep): LocalExec {
  return { ...localExec(step), when: "destroy" };
}

/**
 * The input is passed through `self`, the only object that a destroy provisioner may refer to. A
 * destroy step therefore receives the input that the resource was created with, not the current
 * config.
 */
function localExec(step: LocalStep, more: Record<string, string> = {}): LocalExec {
  return {
    type: "local-exec",
    command: literal(shellCommand(step.command)),
    environment: {
      ...literal({ ...step.environment }),
      VMRIG_INPUT: "${jsonencode(self.input)}",
      ...more,
    },
  };
}

/**
 * Returns one line for `/bin/sh -c`. With `exec`, because an interrupted Terraform kills the
 * process that it started, and that process must be the step itself, not a shell around it.
 */
function shellCommand(words: readonly string[]): string {
  return ["exec", ...words.map(quoteWord)].join(" ");
}
