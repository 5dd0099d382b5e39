import { VmrigError } from "../errors/vmrig-error.ts";
import { formatDuration } from "../clock/format-duration.ts";
import { renderCurrentHolder } from "./current-holder.ts";
import { FREE, ordinal, renderRestarted, type QueueStatus } from "./queue-status.ts";
import type { LeaseRequest } from "./lease-request.ts";

/** Returns the name of the requested copy or rig. */
export function subject({ rig, accept }: Required<LeaseRequest>): string {
  return accept.length === 1 ? accept.join() : rig;
}

/**
 * Returns the error for a wait that reached its deadline.
 *
 * @param waited how long the wait took
 * @param status last known state of the queue; `undefined` when Redis never answered
 */
export function rigBusy(
  request: Required<LeaseRequest>,
  waited: string,
  status: QueueStatus | undefined,
): VmrigError {
  return new VmrigError("RIG_BUSY", {
    message: `Gave up waiting for "${subject(request)}" after ${waited}.`,
    details:
      status === undefined
        ? ["Redis did not answer"]
        : [
            ...describeHolders(status),
            `you were ${ordinal(status.position)} of ${status.waiting} in the queue`,
          ],
    hint: "raise `lease.waitFor`, or run `vmrig status` to see who holds it",
  });
}

function describeHolders({ accept, held, restarted }: QueueStatus): string[] {
  const why = restarted === undefined ? [] : [renderRestarted(restarted)];
  return why.concat(
    accept.map((copy) => {
      const name = accept.length === 1 ? "" : `${copy} `;
      const holder = held.find((one) => one.copy === copy);
      if (holder === undefined) return `${name}${FREE}`;
      const until =
        Number.isFinite(holder.expiresInMs) && holder.retained === undefined
          ? `, expires in ${formatDuration(holder.expiresInMs)} if not renewed`
          : "";
      return `${name}${renderCurrentHolder(holder)}${until}`;
    }),
  );
}
