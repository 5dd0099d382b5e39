import { runScript } from "./run-script.ts";
import { SET_LINK, SET_LINK_TO_RESTORE } from "./script/link-script.ts";
import type { Change } from "./snapshots.ts";

/**
 * Switches an interface of the machine.
 *
 * @param link.mac its hardware address
 * @param link.restoring whether a restore of the machine follows
 * @throws VmrigError `FENCED`, `ROLLBACK_FAILED`
 */
export async function setGuestLink(
  change: Change,
  {
    mac,
    to,
    restoring = false,
  }: { readonly mac: string; readonly to: "up" | "down"; readonly restoring?: boolean },
): Promise<void> {
  const script = restoring ? SET_LINK_TO_RESTORE : SET_LINK;
  await runScript({ ...change, script, task: `switch its network ${to}`, args: [mac, to] });
}
