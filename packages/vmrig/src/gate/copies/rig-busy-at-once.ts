import type { ResolvedRig } from "../../config/schema.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { renderCurrentHolder } from "../../lease/current-holder.ts";
import { subject } from "../../lease/rig-busy.ts";
import { renderRestarted, type QueueStatus } from "../../lease/queue-status.ts";

/**
 * Creates the error of a run that checks once and does not wait. It names the current holders. Its
 * first sentence is complete by itself, as the reason of a skipped test.
 */
export function rigBusyAtOnce(
  line: QueueStatus,
  onBusy: ResolvedRig["lease"]["onBusy"],
): VmrigError {
  const { accept, held, restarted } = line;
  const why =
    restarted === undefined ? held.map(renderCurrentHolder) : [renderRestarted(restarted)];
  const state =
    why.length > 0 ? `is busy: ${why.join(", ")}` : "is free, but another run is next in the queue";
  return new VmrigError("RIG_BUSY", {
    message: `"${subject(line)}" ${state}.`,
    details:
      accept.length === 1 ? [] : held.map((hold) => `${hold.copy} ${renderCurrentHolder(hold)}`),
    hint: `\`lease.onBusy\` is "${onBusy}": with "wait" the run waits in the queue for as long as \`lease.waitFor\``,
  });
}
