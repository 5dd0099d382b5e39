import type { OptionNames } from "../../errors/check-options.ts";
import type { ProcessInfo } from "./process-info.ts";

/** Selects processes. All given conditions must hold. */
export interface ProcessFilter {
  readonly name?: string | undefined;
  readonly pid?: number | undefined;
  readonly user?: string | undefined;
  /** Searched in the arguments, joined by blanks. */
  readonly args?: string | RegExp | undefined;
}

export const PROCESS_FILTER: OptionNames<ProcessFilter> = {
  name: true,
  pid: true,
  user: true,
  args: true,
};

export function titleOf({ name, pid, user, args }: ProcessFilter): string {
  const words = [
    name,
    pid === undefined ? undefined : `with pid ${pid}`,
    user === undefined ? undefined : `of ${user}`,
    args === undefined ? undefined : `with ${String(args)} in its arguments`,
  ];
  return words.filter((word) => word !== undefined).join(" ") || "of any kind";
}

export function isMeant({ name, pid, user, args }: ProcessInfo, filter: ProcessFilter): boolean {
  const line = args.join(" ");
  return (
    // The kernel truncates names.
    (filter.name === undefined || filter.name.slice(0, 15) === name) &&
    (filter.pid === undefined || filter.pid === pid) &&
    (filter.user === undefined || filter.user === user) &&
    (filter.args === undefined ||
      (typeof filter.args === "string"
        ? line.includes(filter.args)
        : new RegExp(filter.args).test(line)))
  );
}
