import { rm, writeFile } from "node:fs/promises";
import { explainWriteErrors, type LinkAction } from "vmrig/driver";
import { machineFiles, type MachineDefinition } from "../machine-files.ts";
import type { Qmp } from "../qmp/qmp.ts";

/**
 * Pulls or plugs the link to the LAN alone. A snapshot remembers the guest's side of it and not the
 * switch's, so whoever loads one plugs it in (`virtio_net_post_load_device` in QEMU's
 * hw/net/virtio-net.c sets `link_down` of the card, not of its peer).
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
