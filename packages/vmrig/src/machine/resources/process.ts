import type { ExecutionContext } from "../command/execution-context.ts";
import { query } from "./query.ts";
import type { QueryTarget } from "./query-target.ts";
import { type ProcessInfo, READ_PROCESSES, parseProcesses } from "./process-info.ts";
import { type ProcessFilter, titleOf, isMeant } from "./process-filter.ts";

export interface Processes extends QueryTarget<"process"> {
  readonly filter: ProcessFilter;
  /**
   * Lists the matching processes in the order of their pids. Zombies are left out.
   *
   * @throws VmrigError `INSPECTION_FAILED`
   */
  list(): Promise<readonly ProcessInfo[]>;
  isRunning(): Promise<boolean>;
}

export function createProcesses(
  context: ExecutionContext,
  wanted: string | ProcessFilter,
): Processes {
  const filter = typeof wanted === "string" ? { name: wanted } : wanted;
  const title = `process ${titleOf(filter)}`;
  const list = async (): Promise<readonly ProcessInfo[]> => {
    const { stdout } = await query(context, READ_PROCESSES, { title });
    return parseProcesses(stdout).filter((one) => one.state !== "zombie" && isMeant(one, filter));
  };
  return {
    kind: "process",
    machine: context.name,
    user: context.user,
    title,
    filter,
    list,
    isRunning: async () => (await list()).length > 0,
  };
}
