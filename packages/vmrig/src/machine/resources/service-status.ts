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
