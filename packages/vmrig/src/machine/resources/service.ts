import type { ExecutionContext } from "../command/execution-context.ts";
import { query } from "./query.ts";
import type { QueryTarget } from "./query-target.ts";
import { type ServiceStatus, isActive, isEnabled } from "./service-status.ts";
import { showUnit, parseService } from "./systemctl-show.ts";

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
