import type { LinkAction } from "vmrig/driver";
import type { MachineFiles } from "../machine-files.ts";
import { setMarker } from "../marker-file.ts";
import type { Qmp } from "../qmp/qmp.ts";
import { removeFiles } from "../remove-files.ts";

export interface LinkChange {
  readonly qmp: Qmp;
  readonly files: MachineFiles;
  readonly action: LinkAction;
}

/**
 * Disconnects or connects only the link to the LAN. A snapshot contains the guest's side of the
 * link and not the switch's, so the link must be connected after a load
 * (`virtio_net_post_load_device` in QEMU's hw/net/virtio-net.c sets `link_down` of the card, not of
 * its peer).
 */
export async function setLink({ qmp, files, action }: LinkChange): Promise<void> {
  await qmp.execute("set_link", { name: "lan", up: action === "connect" });
  if (action === "connect") await removeFiles(files.unlinked);
  else await setMarker(files.unlinked);
}
