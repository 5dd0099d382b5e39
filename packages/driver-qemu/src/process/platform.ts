import type { MachineDefinition } from "../machine-files.ts";
import type { Accelerator } from "./accelerator.ts";
import { findQemu, type QemuBinary } from "./qemu-binary.ts";

/**
 * Returns the platform: everything besides the image on which a RAM snapshot depends. A snapshot
 * loads only on an equal platform.
 */
export function platformOf(qemu: QemuBinary, accelerator: Accelerator): string {
  return `qemu ${qemu.version}, ${qemu.machineType}, ${accelerator}, cpu ${cpuModel(accelerator)}, devices 2`;
}

/** Returns the platform on which QEMU would start a machine now. */
export async function currentPlatform({
  cacheFolder,
  accelerator,
}: Pick<MachineDefinition, "cacheFolder" | "accelerator">): Promise<string> {
  return platformOf(await findQemu(cacheFolder), accelerator);
}

export function cpuModel(accelerator: Accelerator): string {
  return accelerator === "kvm" ? "host" : "max";
}
