import type { CopySpec, Driver } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Changes } from "./plan/plan-policy.ts";
import type { StateSession } from "./state/state-session.ts";
import { stateOf, type State } from "./state.ts";
import type { StateFiles } from "./state-files.ts";

/**
 * Checks by the state and by the machines that an apply did what it should. The exit code alone is
 * no proof, because a wrapper script around Terraform may hide a failure.
 *
 * @throws VmrigError `TERRAFORM_FAILED` when something was not created, replaced or deleted
 */
export async function assertApplied(options: {
  readonly driver: Driver;
  readonly copy: CopySpec;
  readonly files: StateFiles;
  readonly session: StateSession;
  /** The state before the apply. */
  readonly before: State | undefined;
  /** Names of all resources that must exist now. */
  readonly declared: Iterable<string>;
  readonly changes: Changes;
}): Promise<void> {
  const { driver, copy, files, session, before, declared, changes } = options;
  const after = await stateOf(session);
  const { machines } = await driver.inspect(copy);
  const isComplete = (name: string): boolean => {
    const resource = after?.resources.find((candidate) => candidate.name === name);
    if (resource === undefined || resource.tainted) return false;
    // A network is a resource, too, and no machine.
    const machine = machines.find((candidate) => candidate.name === name);
    if (machine === undefined) return true;
    if (machine.incomplete || machine.power === "absent") return false;
    return machine.origin === undefined || machine.origin.resource === resource.id;
  };
  const ids = (state: State | undefined): Map<string, string | undefined> =>
    new Map(state?.resources.map(({ address, id }) => [address, id]));
  const [old, now] = [ids(before), ids(after)];
  const failed = [
    ...[...declared].filter((name) => !isComplete(name)).map((name) => `complete ${name}`),
    ...changes.replaced
      .filter((address) => now.get(address) !== undefined && now.get(address) === old.get(address))
      .map((address) => `replace ${address}`),
    ...changes.deleted.filter((address) => now.has(address)).map((address) => `delete ${address}`),
  ];
  if (failed.length === 0) return;
  throw new VmrigError("TERRAFORM_FAILED", {
    message: `The apply for "${copy.copy}" reported success, but did not ${failed.join(", ")}.`,
    hint: `run the command again: it creates incomplete machines again. The full log: ${files.applyLog}`,
  });
}

/**
 * Checks by the state that everything was destroyed.
 *
 * @throws VmrigError `TERRAFORM_FAILED` when the state still has resources
 */
export async function assertDestroyed(
  copy: string,
  files: StateFiles,
  session: StateSession,
): Promise<void> {
  const left = (await stateOf(session))?.resources ?? [];
  if (left.length === 0) return;
  throw new VmrigError("TERRAFORM_FAILED", {
    message: `The apply for "${copy}" reported success, but the state still has ${left.map(({ address }) => address).join(", ")}.`,
    hint: `run the command again. The full log: ${files.applyLog}`,
  });
}
