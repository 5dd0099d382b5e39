import type { Authority } from "vmrig/driver";
import { measureAccelerator, resolveAccelerator } from "./accelerator.ts";
import type { MachineDefinition } from "../machine-files.ts";
import { emulatesReliably, findQemu } from "./qemu-binary.ts";

/** What a machine that is emulated costs, and what it may suffer. */
export async function reportEmulation(
  { name, accelerator, cacheFolder }: MachineDefinition,
  { say }: Authority,
): Promise<void> {
  const { why } = resolveAccelerator(accelerator, measureAccelerator());
  say?.(`boot     ${name} boots, emulated (${why}): this takes about a minute, once`);
  const { version } = await findQemu(cacheFolder);
  if (!emulatesReliably(version))
    say?.(
      `boot     ${name}: QEMU ${version} lets emulated machines crash at random; use 8.2 or newer`,
    );
}
