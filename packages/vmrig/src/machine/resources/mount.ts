import type { ExecutionContext } from "../command/execution-context.ts";
import { query } from "./query.ts";
import type { QueryTarget } from "./query-target.ts";
import { type MountEntry, parseMounts } from "./mountinfo.ts";

export interface Mount extends QueryTarget<"mount"> {
  readonly path: string;
  /**
   * Reads the mount at exactly this path: the topmost of several. Resolves with `undefined` when
   * nothing is mounted there.
   *
   * @throws VmrigError `INSPECTION_FAILED`
   */
  entry(): Promise<MountEntry | undefined>;
  isMounted(): Promise<boolean>;
}

export function createMount(context: ExecutionContext, path: string): Mount {
  const title = `mount ${path}`;
  const entry = async (): Promise<MountEntry | undefined> => {
    const { stdout } = await query(context, "cat /proc/self/mountinfo", { title });
    return parseMounts(stdout).findLast((one) => one.path === path);
  };
  return {
    kind: "mount",
    machine: context.name,
    user: context.user,
    title,
    path,
    entry,
    isMounted: async () => (await entry()) !== undefined,
  };
}
