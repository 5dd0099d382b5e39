import type { LockedMachine } from "../locked-machine.ts";
import { measureAccelerator, resolveAccelerator } from "./accelerator.ts";
import { emulatesReliably, findQemu } from "./qemu-binary.ts";

/** Reports that an emulated machine is slow, and may crash with an old QEMU. */
export async function reportEmulation(machine: LockedMachine): Promise<void> {
  const { name, definition, authority } = machine;
  const { why } = resolveAccelerator(definition.accelerator, measureAccelerator());
  authority.say?.(`boot     ${name} boots, emulated (${why}): this takes about a minute, once`);
  const { version } = await findQemu(definition.cacheFolder);
  if (!emulatesReliably(version))
    authority.say?.(
      `boot     ${name}: emulated machines crash at random with QEMU ${version}; use 8.2 or newer`,
    );
}
