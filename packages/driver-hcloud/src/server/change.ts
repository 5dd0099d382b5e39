import type { Admission, Authority, MachineRef } from "vmrig/driver";
import { authorize, type Change } from "../guest/snapshots.ts";
import type { RootShell } from "../guest/root-shell.ts";

/** Describes a change inside a machine to the scripts that make it. */
export function changeOf({ copy, name }: MachineRef, shell: RootShell, by: Authority): Change {
  const { fence, signal } = by;
  return { copy: copy.copy, machine: name, shell, fence, signal };
}

/** Lets the key of a lease log in as the test user, and no key of another lease. */
export async function letIn(
  shell: RootShell,
  { ref, by }: { readonly ref: MachineRef; readonly by: Admission },
): Promise<void> {
  await authorize(changeOf(ref, shell, by), by.authorize);
}
