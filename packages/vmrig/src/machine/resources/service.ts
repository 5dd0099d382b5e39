import { VmrigError } from "../../errors/vmrig-error.ts";
import type { ExecutionContext } from "../command/run.ts";
import { argument, query, type QueryTarget } from "./query.ts";

/** What systemd says of a unit. Plain data; words are systemd's own. */
export interface ServiceStatus {
  /** `nginx.service`, also where it was asked for by another name. */
  readonly unit: string;
  readonly description: string;
  /** `loaded`, `not-found`, `masked`, `bad-setting`, `error`. */
  readonly load: string;
  /** `active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating`. */
  readonly active: string;
  /** `running`, `exited`, `dead`, `auto-restart` …; depends on the type of the unit. */
  readonly sub: string;
  /** `enabled`, `disabled`, `static`, `masked` …; empty when systemd has no file for it. */
  readonly enabled: string;
  /** Why it is not active: `success`, `exit-code`, `signal`, `oom-kill`, `start-limit-hit` … */
  readonly result: string;
  /** Of the main process, when there is one. */
  readonly pid: number | undefined;
  /** Of the main process when it last ended. */
  readonly exitStatus: number | undefined;
  readonly restarts: number;
  /** Whether systemd has a job for it in its queue: it is about to start, stop or reload. */
  readonly hasJob: boolean;
}

export interface Service extends QueryTarget<"service"> {
  readonly name: string;
  /** @throws VmrigError `INSPECTION_FAILED`, also where there is no systemd */
  status(): Promise<ServiceStatus>;
  /**
   * Whether systemd counts it as active: a service that runs, a one-shot that stays, a mounted
   * mount.
   */
  isRunning(): Promise<boolean>;
  /** Whether it starts by itself: enabled, or linked to something that is. */
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

/** The words with which `systemctl is-enabled` exits with 0 and which mean a start at boot. */
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

/** The command that {@link parseService} reads the output of. */
export function showUnit(name: string): string {
  return `systemctl show --no-pager --property=${PROPERTIES.join(",")} -- ${argument(name)}`;
}

/**
 * Reads `systemctl show`: one `Key=value` a line, keys that a unit has not are left out. Format:
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
      message: `Cannot read service ${name} on ${context.name} as ${context.user}: systemctl tells no LoadState.`,
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

/** `failed (exit-code 3)`, `active (running)`, `not-found`. */
export function inWords({ load, active, sub, result, exitStatus }: ServiceStatus): string {
  if (load !== "loaded") return load;
  const why =
    result === "" || result === "success"
      ? []
      : [exitStatus === undefined ? result : `${result} ${exitStatus}`];
  const more = [...(sub === active ? [] : [sub]), ...why];
  return more.length === 0 ? active : `${active} (${more.join(", ")})`;
}
