import { VmrigError } from "../../errors/vmrig-error.ts";
import type { FaultTarget } from "./fault-target.ts";

/** Returns a line in which `$lan` is the interface of the rig's network. */
export function onLan({ address }: FaultTarget, line: string): string {
  return `set -- $(ip -o -4 address show to ${address}/32); lan=$2; [ -n "$lan" ] || { echo "no interface has ${address}" >&2; exit 1; }; ${line}`;
}

/** Runs a line as root. @throws VmrigError `FAULT_FAILED` with the message of the machine */
export async function asRoot(machine: FaultTarget, what: string, line: string): Promise<string> {
  const { failed, stdout, stderr } = await machine.root.exec("sh", ["-c", line], { reject: false });
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
