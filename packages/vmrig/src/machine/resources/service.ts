import { VmrigError } from "../../errors/vmrig-error.ts";
import type { ExecutionContext } from "../command/run.ts";
import { argument, query, type QueryTarget } from "./query.ts";

/** Status of a systemd unit. Plain data; the values are systemd's words. */
export interface ServiceStatus {
  /** Full name of the unit, `nginx.service`, also when an alias was given. */
  readonly unit: string;
  readonly description: string;
  /** `loaded`, `not-found`, `masked`, `bad-setting`, `error`. */
  readonly load: string;
  /** `active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating`. */
  readonly active: string;
  /** `running`, `exited`, `dead`, `auto-restart` …; depends on the type of the unit. */
  readonly sub: string;
  /** `enabled`, `disabled`, `static`, `masked` …; empty when systemd has no file for the unit. */
  readonly enabled: string;
  /**
   * Reason for an inactive unit: `success`, `exit-code`, `signal`, `oom-kill`, `start-limit-hit` …
   */
  readonly result: string;
  /** Pid of the main process, if one runs. */
  readonly pid: number | undefined;
  /** Exit status of the main process at its last end. */
  readonly exitStatus: number | undefined;
  readonly restarts: number;
  /** Whether systemd has a queued job for the unit: it is about to start, stop or reload. */
  readonly hasJob: boolean;
}

export interface Service extends QueryTarget<"service"> {
  readonly name: string;
  /** Reads the status. @throws VmrigError `INSPECTION_FAILED`, also on a machine without systemd */
  status(): Promise<ServiceStatus>;
  /**
   * Returns whether systemd considers the unit active: a running service, a one-shot with
   * RemainAfterExit, a mounted mount.
   */
  isRunning(): Promise<boolean>;
  /** Returns whether the unit starts at boot: it is enabled, or linked to an enabled unit. */
  isEnabled(): Promise<boolean>;
}

export function createService(context: ExecutionContext, name: string): Service {
  const title = `service ${name}`;
  const status = async (): Promise<ServiceStatus> =>
    parseService(context, name, (await query(context, showUnit(name), { title })).stdout);
  return {
    kind: "service",
    machine: context.name,
    user: context.user,
    title,
    name,
    status,
    isRunning: async () => isActive(await status()),
    isEnabled: async () => isEnabled(await status()),
  };
}

export function isActive({ active }: ServiceStatus): boolean {
  return active === "active" || active === "reloading";
}

/**
 * Returns whether `systemctl is-enabled` exits with 0 for this state and the state means a start at
 * boot.
 */
export function isEnabled({ enabled }: ServiceStatus): boolean {
  return enabled === "enabled" || enabled === "enabled-runtime" || enabled === "alias";
}

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
  return `systemctl show --no-pager --property=${PROPERTIES.join(",")} -- ${argument(name)}`;
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

/** Describes the status in words: `failed (exit-code 3)`, `active (running)`, `not-found`. */
export function inWords({ load, active, sub, result, exitStatus }: ServiceStatus): string {
  if (load !== "loaded") return load;
  const why =
    result === "" || result === "success"
      ? []
      : [exitStatus === undefined ? result : `${result} ${exitStatus}`];
  const more = [...(sub === active ? [] : [sub]), ...why];
  return more.length === 0 ? active : `${active} (${more.join(", ")})`;
}
