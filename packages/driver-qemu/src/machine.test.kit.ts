import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { machineFiles, type MachineDefinition } from "./machine-files.ts";

/** Returns a definition as the driver writes it; only its credentials exist. */
export async function defineMachine(
  root: string,
  changes: Partial<MachineDefinition> = {},
): Promise<MachineDefinition> {
  const image = {
    name: "debian",
    digest: "sha256:aa",
    disk: join(root, "image/disk"),
    kernel: join(root, "image/kernel"),
    initrd: join(root, "image/initrd"),
  };
  const machine: MachineDefinition = {
    rig: "pcs",
    copy: "pcs-1",
    name: "pc1",
    folder: join(root, "copy"),
    runtimeFolder: join(root, "run"),
    cacheFolder: join(root, "cache"),
    owner: "owner-1",
    cpus: 2,
    memoryMb: 512,
    diskGb: 4,
    lanAddress: "10.77.0.11",
    index: 0,
    accelerator: "tcg",
    imageFrom: { ...image, append: "root=LABEL=root rw" },
    image: { ...image, append: "root=LABEL=root rw" },
    ...changes,
  };
  const { credentials } = machineFiles(machine, machine.name);
  await mkdir(credentials, { recursive: true });
  for (const name of ["tmpfiles.extra", "system.hostname"])
    await writeFile(join(credentials, name), "");
  return machine;
}
