import { VmrigError } from "../../../packages/vmrig/src/errors/vmrig-error.ts";
import {
  checkPlan,
  type Changes,
  type Refusal,
} from "../../../packages/vmrig/src/provision/plan/plan-policy.ts";
import type { Plan } from "../../../packages/vmrig/src/provision/plan/plan.ts";
import { DISRUPTIVE } from "../stack/declare.ts";

/**
 * Refuses a plan that would lose the address or the volume, or stop the server, unless the operator
 * allowed it by address.
 *
 * @throws VmrigError `PLAN_REFUSED`
 */
export function checkChanges(plan: Plan, allow: ReadonlySet<string>): Changes {
  const verdict = checkPlan(plan, { allow, vanished: new Set(), disruptive: DISRUPTIVE });
  if (verdict.ok) return verdict.changes;
  const addresses = verdict.refused.map(({ address }) => `--allow ${address}`);
  throw new VmrigError("PLAN_REFUSED", {
    message: "The plan changes more than it may. Nothing was changed.",
    details: verdict.refused.map(describe),
    hint: `to allow this, run \`npm run infra -- apply ${addresses.join(" ")}\`. While the server is replaced or stopped, no run can get a lease`,
  });
}

const WHAT: Record<Refusal["kind"], string> = {
  replace: "would be replaced",
  delete: "would be deleted",
  forget: "would be removed from the state",
  vanished: "was deleted by hand, and would be created again",
  disrupt: "would be stopped for a change",
  unknown: "has a planned change that is not known",
};

function describe({ address, kind, values }: Refusal): string {
  // Never the values: one of them is the user data.
  const names = values.map(({ name }) => name).join(", ");
  return `${address} ${WHAT[kind]}${names === "" ? "" : `, because of ${names}`}`;
}

/** Returns a plan as lines: `create   hcloud_server.control`. */
export function describeChanges(changes: Changes): readonly string[] {
  const lines = Object.entries({
    create: changes.created,
    update: changes.updated,
    replace: changes.replaced,
    delete: changes.deleted,
  }).flatMap(([what, addresses]) => addresses.map((address) => `${what.padEnd(8)} ${address}`));
  return lines.length > 0 ? lines : ["no changes"];
}
