import { VmrigError } from "../errors/vmrig-error.ts";
import { formatDuration } from "../clock/format-duration.ts";
import { renderCurrentHolder } from "./current-holder.ts";
import { renderRestarted, type QueueStatus } from "./queue-status.ts";
import type { LeaseRequest } from "./lease-request.ts";

/** What somebody waits for, by name. */
export function subject({ rig, accept }: Required<LeaseRequest>): string {
  return accept.length === 1 ? accept.join() : rig;
}

/**
 * How long somebody waited in vain, and what the line looked like at last; `undefined` when it was
 * never seen.
 */
export function rigBusy(
  request: Required<LeaseRequest>,
  waited: string,
  line: QueueStatus | undefined,
): VmrigError {
  return new VmrigError("RIG_BUSY", {
    message: `"${subject(request)}" stayed busy for ${waited}.`,
    details:
      line === undefined
        ? ["Redis did not answer even once"]
        : [...holds(line), `${line.position - 1} ahead of you, ${line.waiting} waiting`],
    hint: "raise `lease.waitFor`, or see who holds it with `vmrig status`",
  });
}

function holds({ accept, held, restarted }: QueueStatus): string[] {
  const why = restarted === undefined ? [] : [renderRestarted(restarted)];
  return why.concat(
    accept.map((copy) => {
      const name = accept.length === 1 ? "" : `${copy} `;
      const hold = held.find((one) => one.copy === copy);
      if (hold === undefined) return `${name}free for the next in line`;
      const until =
        Number.isFinite(hold.expiresInMs) && hold.kept === undefined
          ? `, expires in ${formatDuration(hold.expiresInMs)} if not renewed`
          : "";
      return `${name}${renderCurrentHolder(hold)}${until}`;
    }),
  );
}
