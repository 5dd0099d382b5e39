import { VmrigError, type Machine } from "vmrig";
import { worker } from "./worker-state.ts";

/**
 * Adds files of a machine to the evidence of the current test. When the test fails, vmrig reads the
 * last 256 KiB of each file, as root.
 *
 * @throws VmrigError `EVIDENCE_MISPLACED` outside of a test and its hooks
 */
export function evidence(machine: Pick<Machine, "name">, ...paths: readonly string[]): void {
  const { wanted } = worker();
  if (wanted === undefined) {
    throw new VmrigError("EVIDENCE_MISPLACED", {
      message: "evidence() was called outside of a test, so these files would never be collected.",
      hint: "call it in the test or a beforeEach, or name the files in the config: evidence: { files: […] }",
    });
  }
  wanted.push(...paths.map((path) => ({ machine: machine.name, path })));
}
