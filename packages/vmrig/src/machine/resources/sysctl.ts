import { quote } from "../../ssh/quote.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { query } from "./query.ts";
import type { QueryTarget } from "./query-target.ts";

/** A kernel parameter. */
export interface Sysctl extends QueryTarget<"sysctl"> {
  readonly key: string;
  /**
   * Reads the value as the kernel prints it, without the newline.
   *
   * @throws VmrigError `INSPECTION_FAILED`, also when the parameter does not exist
   */
  value(): Promise<string>;
}

/**
 * Creates a kernel parameter.
 *
 * @param key `net.ipv4.ip_forward`; in the form with slashes, `net/ipv4/conf/eth0.1/forwarding`,
 *   dots stay dots: sysctl(8)
 */
export function createSysctl(context: ExecutionContext, key: string): Sysctl {
  const title = `sysctl ${key}`;
  const path = key.includes("/") ? key : key.replaceAll(".", "/");
  return {
    kind: "sysctl",
    machine: context.name,
    user: context.user,
    title,
    key,
    value: async () =>
      (await query(context, `cat ${quote(`/proc/sys/${path}`)}`, { title })).stdout,
  };
}
