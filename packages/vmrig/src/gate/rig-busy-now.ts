import type { ResolvedRig } from "../config/schema.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { renderCurrentHolder } from "../lease/current-holder.ts";
import { subject } from "../lease/rig-busy.ts";
import { renderRestarted, type QueueStatus } from "../lease/queue-status.ts";

/**
 * What a run is told that looks once and does not wait: who holds the copies now. Its first
 * sentence stands alone, as a reason to skip.
 */
export function rigBusyNow(line: QueueStatus, onBusy: ResolvedRig["lease"]["onBusy"]): VmrigError {
  const { accept, held, restarted } = line;
  const why =
    restarted === undefined ? held.map(renderCurrentHolder) : [renderRestarted(restarted)];
  return new VmrigError("RIG_BUSY", {
    message: `"${subject(line)}" is busy: ${why.join(", ") || "free for the next in line"}.`,
    details:
      accept.length === 1 ? [] : held.map((hold) => `${hold.copy} ${renderCurrentHolder(hold)}`),
    hint: `\`lease.onBusy\` is "${onBusy}": with "wait" the run stands in line for as long as \`lease.waitFor\``,
  });
}
