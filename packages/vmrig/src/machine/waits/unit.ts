import { isVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import { waitFor, type Observation } from "../../wait/wait-for.ts";
import { query } from "../resources/query.ts";
import { parseService, showUnit } from "../resources/systemctl-show.ts";
import { inWords, isActive, type ServiceStatus } from "../resources/service-status.ts";
import { toWatch, type WaitOptions, type Watch } from "./wait-options.ts";
import { tolerant } from "./tolerant.ts";
import { lastLines } from "./unit-journal.ts";

const QUEUE = "=== queue ===";

/**
 * Waits until systemd considers a unit active. Fails immediately when the unit cannot become active
 * by itself: the unit failed, systemd cannot load it, or it is inactive while no job is queued (the
 * rule of the NixOS test driver: at boot another unit's job may still start it).
 */
export async function waitForUnit(
  watch: Watch,
  name: string,
  options: WaitOptions,
): Promise<ServiceStatus> {
  const title = `service ${name}`;
  try {
    return await waitFor<ServiceStatus>({
      ...toWatch(watch, options),
      what: `${name} to be active`,
      probe: tolerant(async (signal): Promise<Observation<ServiceStatus>> => {
        const line = `${showUnit(name)} && echo '${QUEUE}' && systemctl list-jobs --no-pager --no-legend`;
        const [shown = "", queue = ""] = (
          await query(watch.context, line, { title, signal })
        ).stdout.split(QUEUE);
        const status = parseService(watch.context, name, shown);
        if (isActive(status)) return { value: status };
        if (isHopeless(status, queue)) throw hopeless(watch, name, status);
        return { seen: inWords(status) };
      }),
    });
  } catch (error) {
    if (!isVmrigError(error) || (error.code !== "WAIT_TIMEOUT" && error.code !== "WAIT_FAILED"))
      throw error;
    // A unit that systemd does not know has no journal.
    if (error.hint !== undefined) throw error;
    throw new VmrigError(error.code, {
      message: error.summary,
      details: await lastLines(watch, name),
      cause: error.cause,
    });
  }
}

/**
 * Returns whether waiting for the unit is useless.
 *
 * @param queue the lines of `systemctl list-jobs --no-legend`: "No jobs running." when the queue is
 *   empty and the output is a terminal
 */
export function isHopeless({ load, active, hasJob }: ServiceStatus, queue: string): boolean {
  if (hasJob) return false;
  if (load !== "loaded" || active === "failed") return true;
  return active === "inactive" && !/^\s*\d+ /m.test(queue);
}

function hopeless({ context }: Watch, name: string, status: ServiceStatus): VmrigError {
  const why =
    status.load !== "loaded"
      ? `systemd cannot load it: ${status.load}`
      : status.active === "failed"
        ? inWords(status)
        : `it is ${inWords(status)} and nothing is queued that would start it`;
  return new VmrigError("WAIT_FAILED", {
    message: `${name} on ${context.name} will not become active: ${why}.`,
    ...(status.load === "not-found"
      ? {
          hint: "check its name with `systemctl list-unit-files`, and that its package is installed",
        }
      : {}),
  });
}
