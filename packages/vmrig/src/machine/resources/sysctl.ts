import { quote } from "../../ssh/quote.ts";
import type { ExecutionContext } from "../command/run.ts";
import { query, type QueryTarget } from "./query.ts";

/** A parameter of the kernel. */
export interface Sysctl extends QueryTarget<"sysctl"> {
  readonly key: string;
  /**
   * As the kernel prints it, without the newline.
   *
   * @throws VmrigError `INSPECTION_FAILED`, also when there is none of that name
   */
  value(): Promise<string>;
}

/**
 * @param key `net.ipv4.ip_forward`; with slashes, `net/ipv4/conf/eth0.1/forwarding`, dots stay
 *   dots: sysctl(8)
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
