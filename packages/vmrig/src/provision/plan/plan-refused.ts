import { VmrigError } from "../../errors/vmrig-error.ts";
import type { Refusal } from "./plan-policy.ts";

/**
 * Creates the error of a plan that a test run may not apply: each machine with its planned change
 * and the reason, and the command that allows it.
 */
export function planRefused(copy: string, refused: readonly Refusal[]): VmrigError {
  const allowable = refused.filter(({ kind }) => kind !== "forget" && kind !== "unknown");
  return new VmrigError("PLAN_REFUSED", {
    message: `The plan changes machines of "${copy}", but a test run may only create machines. vmrig changed nothing.`,
    details: refused.map((refusal) => `${refusal.address} ${describe(refusal)}`),
    hint:
      allowable.length === refused.length
        ? `to allow this, run \`vmrig up ${allowable.map(({ address }) => `--allow ${address}`).join(" ")}\``
        : "no command allows this: find out why the state and the config differ",
  });
}

function describe({ kind, reason, values }: Refusal): string {
  const differences = values
    .map(({ name, before, after }) => `${name} ${before} → ${after}`)
    .join(", ");
  const because = differences === "" ? (REASONS[reason ?? ""] ?? reason ?? "") : differences;
  const what = WHAT[kind];
  return because === "" ? what : `${what}: ${because}`;
}

const WHAT: Record<Refusal["kind"], string> = {
  replace: "would be replaced",
  delete: "would be deleted",
  forget: "would be removed from the state, but would keep running",
  vanished: "was deleted outside vmrig; the plan would recreate it at its baseline",
  disrupt: "would be restarted or rewritten",
  unknown: "has a planned change that vmrig does not support",
};

/** https://developer.hashicorp.com/terraform/internals/json-format#change-representation */
const REASONS: Readonly<Record<string, string>> = {
  delete_because_no_resource_config: "it is no longer in the config",
  delete_because_wrong_repetition: "its count changed",
  delete_because_count_index: "its count changed",
  delete_because_each_key: "its key is no longer in the config",
  replace_because_cannot_update: "it cannot be changed while it exists",
  replace_by_request: "the replacement was requested",
  replace_by_triggers: "a resource that it depends on changes",
};
