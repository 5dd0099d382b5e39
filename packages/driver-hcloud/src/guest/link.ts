import { runScript } from "./run-script.ts";
import { SET_LINK } from "./script/link-script.ts";
import type { Change } from "./snapshots.ts";

/**
 * Switches an interface of the machine.
 *
 * @param link.mac its hardware address
 * @throws VmrigError `FENCED`, `ROLLBACK_FAILED`
 */
export async function setGuestLink(
  change: Change,
  { mac, to }: { readonly mac: string; readonly to: "up" | "down" },
): Promise<void> {
  const task = `switch its network ${to}`;
  await runScript({ ...change, script: SET_LINK, task, args: [mac, to] });
}
