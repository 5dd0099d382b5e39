import type { Authority } from "vmrig/driver";
import { measureAccelerator, resolveAccelerator } from "./accelerator.ts";
import type { MachineDefinition } from "../machine-files.ts";
import { emulatesReliably, findQemu } from "./qemu-binary.ts";

/** Reports that an emulated machine is slow, and may crash with an old QEMU. */
export async function reportEmulation(
  { name, accelerator, cacheFolder }: MachineDefinition,
  { say }: Authority,
): Promise<void> {
  const { why } = resolveAccelerator(accelerator, measureAccelerator());
  say?.(`boot     ${name} boots, emulated (${why}): this takes about a minute, once`);
  const { version } = await findQemu(cacheFolder);
  if (!emulatesReliably(version))
    say?.(
      `boot     ${name}: emulated machines crash at random with QEMU ${version}; use 8.2 or newer`,
    );
}
