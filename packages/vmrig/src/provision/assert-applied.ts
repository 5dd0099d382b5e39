import { VmrigError } from "../errors/vmrig-error.ts";
import { readState } from "./state.ts";
import type { StateFiles } from "./state-files.ts";

/**
 * Checks by the state that an apply did what it should. The exit code alone is no proof, because a
 * wrapper script around Terraform may hide a failure.
 *
 * @throws VmrigError `TERRAFORM_FAILED` when the state lacks one of these resources, or has it as
 *   half-created
 */
export async function assertApplied(options: {
  readonly copy: string;
  readonly files: StateFiles;
  readonly resources: Iterable<string>;
}): Promise<void> {
  const { copy, files, resources } = options;
  const state = await readState(files.state);
  const complete = new Set(
    state?.resources.filter(({ tainted }) => !tainted).map(({ name }) => name),
  );
  const missing = [...resources].filter((name) => !complete.has(name));
  if (missing.length === 0) return;
  throw new VmrigError("TERRAFORM_FAILED", {
    message: `The apply for "${copy}" reported success, but did not complete ${missing.join(", ")}.`,
    hint: `the next run recreates incomplete machines. The full log: ${files.applyLog}`,
  });
}

/**
 * Checks by the state that everything was destroyed.
 *
 * @throws VmrigError `TERRAFORM_FAILED` when the state still has resources
 */
export async function assertDestroyed(copy: string, files: StateFiles): Promise<void> {
  const left = (await readState(files.state))?.resources ?? [];
  if (left.length === 0) return;
  throw new VmrigError("TERRAFORM_FAILED", {
    message: `The apply for "${copy}" reported success, but the state still has ${left.map(({ address }) => address).join(", ")}.`,
    hint: `run the command again. The full log: ${files.applyLog}`,
  });
}
