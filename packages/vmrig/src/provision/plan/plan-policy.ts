import { VmrigError } from "../../errors/vmrig-error.ts";
import { changedValues, type ChangedValue } from "./changed-values.ts";
import { isImport, type Plan, type ResourceChange } from "./plan.ts";

export interface PlanPolicyRules {
  /** Addresses that a person allowed to be replaced or deleted. */
  readonly allow: ReadonlySet<string>;
  /**
   * Addresses that are in the state and whose machine is gone. Terraform cannot detect this for a
   * `terraform_data` resource.
   */
  readonly vanished: ReadonlySet<string>;
  /** Attributes, by resource type, whose in-place change restarts or rewrites a machine. */
  readonly disruptive?: Readonly<Record<string, readonly string[]>>;
}

/** Addresses by their change. */
export interface Changes {
  readonly created: readonly string[];
  /** Existing resources that the state did not have. They may be updated, too. */
  readonly adopted: readonly string[];
  readonly updated: readonly string[];
  readonly replaced: readonly string[];
  readonly deleted: readonly string[];
}

export interface Refusal {
  readonly address: string;
  readonly kind: "replace" | "delete" | "forget" | "vanished" | "disrupt" | "unknown";
  /** Terraform's `action_reason`, or the unknown action. */
  readonly reason?: string | undefined;
  readonly values: readonly ChangedValue[];
}

export type PlanVerdict =
  | { readonly ok: true; readonly changes: Changes }
  | { readonly ok: false; readonly refused: readonly Refusal[] };

type Ruling =
  | { readonly passes: keyof Changes }
  | { readonly refused: Omit<Refusal, "address"> }
  | "no change";

/**
 * Decides whether a test run may apply a plan. A test run may only create, adopt and update. An unknown
 * action is refused.
 *
 * One replacement is always allowed, that of a tainted resource: its create step failed or was
 * interrupted and the provisioning call threw, so no test has used the machine. Otherwise a person
 * would have to repair every interrupted first run.
 *
 * `allow` permits replacing and deleting. It does not permit `forget`, which leaves a machine that
 * is in no state, and it does not permit unknown actions.
 *
 * @throws VmrigError `TERRAFORM_FAILED` for a plan that is invalid as a whole
 */
export function checkPlan(plan: Plan, rules: PlanPolicyRules): PlanVerdict {
  assertValid(plan);
  const changes = {
    created: [],
    adopted: [],
    updated: [],
    replaced: [],
    deleted: [],
  } satisfies Changes as Record<keyof Changes, string[]>;
  const refused = new Map<string, Refusal>();
  const refuse = (refusal: Refusal): void => {
    if (!refused.has(refusal.address)) refused.set(refusal.address, refusal);
  };
  const record = (address: string, ruling: Ruling): void => {
    if (ruling === "no change") return;
    if ("passes" in ruling) changes[ruling.passes].push(address);
    else refuse({ address, ...ruling.refused });
  };
  for (const change of plan.resource_changes ?? [])
    record(change.address, ruleOnChange(change, rules));
  for (const drift of plan.resource_drift ?? []) record(drift.address, ruleOnDrift(drift, rules));
  for (const address of rules.vanished) {
    if (!rules.allow.has(address)) refuse({ address, kind: "vanished", values: [] });
  }
  return refused.size === 0 ? { ok: true, changes } : { ok: false, refused: [...refused.values()] };
}

function assertValid(plan: Plan): void {
  const fault = !plan.format_version.startsWith("1.")
    ? `has format ${plan.format_version}, but vmrig supports only 1.x`
    : plan.errored === true
      ? "ended with an error"
      : plan.complete === false
        ? "is incomplete: Terraform deferred a part of it"
        : undefined;
  if (fault === undefined) return;
  throw new VmrigError("TERRAFORM_FAILED", {
    message: `Terraform's plan ${fault}, so it was not applied.`,
  });
}

function ruleOnChange(
  { address, mode, type, change, action_reason: reason }: ResourceChange,
  rules: PlanPolicyRules,
): Ruling {
  const action = change.actions.join(" then ");
  const allowed = rules.allow.has(address);
  if (action === "no-op" && isImport(change)) return { passes: "adopted" };
  if (action === "no-op" || (mode === "data" && action === "read")) return "no change";
  if (mode !== "managed") return unknown(action);
  switch (action) {
    case "create":
      return { passes: "created" };
    case "update": {
      const values = changedValues(
        change,
        (rules.disruptive?.[type] ?? []).map((attribute) => [attribute]),
      );
      return allowed || values.length === 0
        ? { passes: isImport(change) ? "adopted" : "updated" }
        : { refused: { kind: "disrupt", reason, values } };
    }
    case "delete then create":
    case "create then delete":
      if (allowed || reason === "replace_because_tainted") return { passes: "replaced" };
      return {
        refused: {
          kind: "replace",
          reason,
          values: changedValues(change, change.replace_paths ?? []),
        },
      };
    case "delete":
      return allowed ? { passes: "deleted" } : { refused: { kind: "delete", reason, values: [] } };
    case "forget":
      return { refused: { kind: "forget", reason, values: [] } };
    default:
      return unknown(action);
  }
}

/**
 * Decides on a drift. Terraform plans a plain `create` for a machine that was deleted outside of
 * vmrig; only the drift shows that the machine is gone.
 */
function ruleOnDrift({ address, mode, change }: ResourceChange, rules: PlanPolicyRules): Ruling {
  const action = change.actions.join(" then ");
  if (mode !== "managed" || action === "no-op" || action === "update") return "no change";
  if (action !== "delete") return unknown(action);
  return rules.allow.has(address) ? "no change" : { refused: { kind: "vanished", values: [] } };
}

function unknown(action: string): Ruling {
  return { refused: { kind: "unknown", reason: action, values: [] } };
}
