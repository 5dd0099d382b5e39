import { z } from "zod";
import { VmrigError } from "../../errors/vmrig-error.ts";

const CHANGE = z.object({
  actions: z.array(z.string()).min(1),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  /** The shape of `after`, with `true` wherever the value is known only after apply. */
  after_unknown: z.unknown().optional(),
  before_sensitive: z.unknown().optional(),
  after_sensitive: z.unknown().optional(),
  /** Set for a resource that is adopted by an `import` block. */
  importing: z.unknown().optional(),
  replace_paths: z.array(z.array(z.union([z.string(), z.number()]))).optional(),
});

const RESOURCE_CHANGE = z.object({
  address: z.string().min(1),
  /** The address in the state, when the resource moves. */
  previous_address: z.string().optional(),
  mode: z.string(),
  type: z.string(),
  action_reason: z.string().optional(),
  change: CHANGE,
});

const PLAN = z.object({
  format_version: z.string(),
  /** Terraform >= 1.5 */
  errored: z.boolean().optional(),
  /** Terraform >= 1.8; false when parts were deferred, or with `-target`. */
  complete: z.boolean().optional(),
  resource_changes: z.array(RESOURCE_CHANGE).optional(),
  output_changes: z
    .record(z.string(), z.object({ actions: z.array(z.string()).min(1) }))
    .optional(),
  /** Changes outside of Terraform since the last run. */
  resource_drift: z.array(RESOURCE_CHANGE).optional(),
});

/**
 * The fields that vmrig reads of `terraform show -json PLAN`:
 * https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
 */
export type Plan = z.infer<typeof PLAN>;
export type ResourceChange = z.infer<typeof RESOURCE_CHANGE>;
export type Change = z.infer<typeof CHANGE>;

/**
 * Parses a plan.
 *
 * @throws VmrigError `TERRAFORM_FAILED` when the text is not a plan in a known format, because such
 *   a plan cannot be checked
 */
export function parsePlan(text: string): Plan {
  try {
    // OpenTofu prints warnings about the user's CLI config before the plan, which is one line.
    return PLAN.parse(JSON.parse(text.split("\n").find((line) => line.startsWith("{")) ?? text));
  } catch (error) {
    throw new VmrigError("TERRAFORM_FAILED", {
      message: "Terraform's plan has a format that vmrig does not support, so it was not applied.",
      details: [error instanceof z.ZodError ? z.prettifyError(error) : String(error)].flatMap(
        (part) => part.split("\n"),
      ),
      hint: "use a version of Terraform or OpenTofu that vmrig supports",
      cause: error,
    });
  }
}

/**
 * Whether there is anything to apply. Read from the plan itself: the exit code of
 * `plan -detailed-exitcode` says the same, but a wrapper script around Terraform may change it.
 */
export function hasChanges({ resource_changes = [], output_changes = {} }: Plan): boolean {
  return (
    resource_changes.some(
      ({ address, previous_address = address, change }) =>
        previous_address !== address || isImport(change) || isAction(change),
    ) || Object.values(output_changes).some(isAction)
  );
}

export function isImport({ importing }: Pick<Change, "importing">): boolean {
  return importing !== undefined && importing !== null;
}

function isAction({ actions }: Pick<Change, "actions">): boolean {
  return actions.some((action) => action !== "no-op");
}
