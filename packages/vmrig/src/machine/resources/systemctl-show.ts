import { quoteWord } from "../../ssh/quote.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { ExecutionContext } from "../command/execution-context.ts";

import type { ServiceStatus } from "./service-status.ts";

const PROPERTIES = [
  "Id",
  "Description",
  "LoadState",
  "ActiveState",
  "SubState",
  "UnitFileState",
  "Result",
  "MainPID",
  "ExecMainStatus",
  "NRestarts",
  "Job",
];

/** Returns the command whose output {@link parseService} parses. */
export function showUnit(name: string): string {
  return `systemctl show --no-pager --property=${PROPERTIES.join(",")} -- ${quoteWord(name)}`;
}

/**
 * Parses `systemctl show`: one `Key=value` per line. Keys that the unit lacks are left out. Format:
 * systemctl(1).
 */
export function parseService(
  context: Pick<ExecutionContext, "name" | "user">,
  name: string,
  text: string,
): ServiceStatus {
  const properties = new Map(
    text.split("\n").map((line) => {
      const at = line.indexOf("=");
      return [line.slice(0, at), line.slice(at + 1)] as const;
    }),
  );
  const word = (key: string): string => properties.get(key) ?? "";
  const number = (key: string): number => Number(word(key) || 0);
  if (word("LoadState") === "") {
    throw new VmrigError("INSPECTION_FAILED", {
      message: `Cannot read service ${name} on ${context.name} as ${context.user}: systemctl reported no LoadState.`,
      details: text.split("\n").slice(0, 5),
    });
  }
  const pid = number("MainPID");
  return {
    unit: word("Id") || name,
    description: word("Description"),
    load: word("LoadState"),
    active: word("ActiveState"),
    sub: word("SubState"),
    enabled: word("UnitFileState"),
    result: word("Result"),
    pid: pid === 0 ? undefined : pid,
    exitStatus: properties.has("ExecMainStatus") ? number("ExecMainStatus") : undefined,
    restarts: number("NRestarts"),
    hasJob: word("Job") !== "" && word("Job") !== "0",
  };
}
