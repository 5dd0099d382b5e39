import { VmrigError } from "../../errors/vmrig-error.ts";
import { factsOf, isNotBegun } from "../command/frame/not-begun.ts";
import { runFramed } from "../command/frame/run-framed.ts";
import type { FaultTarget } from "./fault-target.ts";

/** Returns a line in which `$lan` is the interface of the rig's network. */
export function onLan({ address }: FaultTarget, line: string): string {
  return `set -- $(ip -o -4 address show to ${address}/32); lan=$2; [ -n "$lan" ] || { echo "no interface has ${address}" >&2; exit 1; }; ${line}`;
}

/** Runs a line as root. @throws VmrigError `FAULT_FAILED` with the message of the machine */
export async function asRoot(machine: FaultTarget, what: string, line: string): Promise<string> {
  return (await runAsRoot(machine, what, line)).replace(/\n$/, "");
}

/** @throws VmrigError `FAULT_FAILED` when the line fails or a startup file prevents it */
export async function runAsRoot(
  machine: FaultTarget,
  what: string,
  line: string,
  args: readonly string[] = [],
): Promise<string> {
  const { failed, stdout, stderr } = await runFramed(machine.root, line, { args }).catch(
    (error: unknown) => {
      if (!isNotBegun(error)) throw error;
      throw new VmrigError("FAULT_FAILED", {
        message: `vmrig could not ${what}: ${error.reason}.`,
        ...factsOf(error),
        cause: error,
      });
    },
  );
  if (failed) throw refused(what, stderr);
  return stdout;
}

/**
 * Returns the error of a fault that vmrig could not cause.
 *
 * @param what action and machine: `set the clock of pc1`
 */
export function refused(what: string, output: string): VmrigError {
  return new VmrigError("FAULT_FAILED", {
    message: `vmrig could not ${what}.`,
    details: output
      .trim()
      .split("\n")
      .slice(-4)
      .map((line) => `output: ${line}`),
    hint: "the machine needs `ip` and `tc` of iproute2, `date`, `df` and `fallocate`, and a kernel with sch_netem and cls_flower",
  });
}
