import { randomUUID } from "node:crypto";
import { z } from "zod";
import { OWNER_RESOURCE } from "../state-files.ts";

// Version 4 of the format: internal/states/statefile/version4.go, with all unknown fields kept.
const STATE = z.looseObject({ serial: z.number().int(), resources: z.array(z.unknown()) });

/**
 * Returns the first version of a state: an owner, and a lineage. Without it, an engine that finds
 * no state takes over a state that appears while it runs, and loses its own (measured with
 * Terraform 1.11 and OpenTofu 1.12, whose releases accept each other's version here).
 *
 * The owner is there before the first machine: OpenTofu saves nothing until an apply ends.
 */
export function seedState(owner: string): string {
  return format({
    version: 4,
    terraform_version: "1.0.0",
    serial: 0,
    lineage: randomUUID(),
    outputs: {},
    resources: [ownerResource(owner)],
    check_results: null,
  });
}

/**
 * Adds an owner to a state that has none, as after all machines were destroyed.
 *
 * @throws SyntaxError | ZodError when the text is no state
 */
export function withOwner(text: string, owner: string): string {
  const state = STATE.parse(JSON.parse(text));
  return format({
    ...state,
    serial: state.serial + 1,
    resources: [...state.resources, ownerResource(owner)],
  });
}

/** Whether a text is a state in clear. */
export function isState(text: string): boolean {
  try {
    return STATE.safeParse(JSON.parse(text)).success;
  } catch {
    return false;
  }
}

/** What Terraform writes for `terraform_data` with an input. */
function ownerResource(owner: string): object {
  const value = { value: owner, type: "string" };
  return {
    mode: "managed",
    type: "terraform_data",
    name: OWNER_RESOURCE,
    provider: 'provider["terraform.io/builtin/terraform"]',
    instances: [
      {
        schema_version: 0,
        attributes: { id: randomUUID(), input: value, output: value, triggers_replace: null },
        sensitive_attributes: [],
      },
    ],
  };
}

function format(state: object): string {
  return `${JSON.stringify(state, undefined, 2)}\n`;
}
