import { rm, writeFile } from "node:fs/promises";
import { explainWriteErrors, type LinkAction } from "vmrig/driver";
import { machineFiles, type MachineDefinition } from "../machine-files.ts";
import type { Qmp } from "../qmp/qmp.ts";

/**
 * Disconnects or connects only the link to the LAN. A snapshot contains the guest's side of the
 * link and not the switch's, so the link must be connected after a load
 * (`virtio_net_post_load_device` in QEMU's hw/net/virtio-net.c sets `link_down` of the card, not of
 * its peer).
 */
export async function setLink(
  qmp: Qmp,
  machine: MachineDefinition,
  action: LinkAction,
): Promise<void> {
  const { unlinked } = machineFiles(machine, machine.name);
  await qmp.execute("set_link", { name: "lan", up: action === "connect" });
  if (action === "connect") await rm(unlinked, { force: true });
  else await explainWriteErrors(unlinked, () => writeFile(unlinked, ""));
}
