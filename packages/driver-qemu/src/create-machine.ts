import { copyFile, link, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import {
  canTakeOver,
  explainWriteErrors,
  generateKeyPair,
  machineExists,
  temporaryPath,
} from "vmrig/driver";
import { firstBootCredentials, writeCredentials } from "./first-boot.ts";
import { resolveMachine, type MachineContext } from "./machine-context.ts";
import { readDefinition, writeJson, type MachineDefinition } from "./machine-files.ts";
import { hardwareAddress } from "./process/command-line.ts";
import { runQemuImg } from "./process/qemu-img.ts";
import { startProcess, stopProcess } from "./process/qemu-process.ts";

/**
 * Creates and starts a machine. Removes the remains of an interrupted attempt, and takes over a
 * machine that a killed apply completed. Never touches another complete machine. The caller must
 * hold the machine's file lock.
 *
 * @throws VmrigError `STATE_LOST` if there is another complete machine
 */
export async function createMachine(definition: MachineDefinition): Promise<void> {
  const machine = await resolveMachine(definition);
  const { files } = machine;
  // 1. Take over a complete machine, or refuse it, or remove the remains of an interrupted attempt.
  const existing = await readDefinition(files, definition.name);
  if (existing !== undefined && canTakeOver(existing, definition))
    return await writeJson(files.definition, { ...existing, origin: definition.origin });
  if (existing !== undefined) throw machineExists({ ...definition, folder: files.folder });
  await stopProcess(machine);
  await explainWriteErrors(files.folder, async () => {
    await rm(files.folder, { recursive: true, force: true });
    await mkdir(files.folder, { recursive: true, mode: 0o700 });
  });
  // 2. Write its files.
  await writeJson(files.creating, definition);
  await explainWriteErrors(dirname(definition.image.disk), () => linkImage(definition));
  await writeFirstBoot(machine);
  await createDisk(machine);
  // 3. Start it.
  await startProcess(machine);
  // 4. Record that it is complete. A machine without this record is removed and created again.
  await rename(files.creating, files.definition);
}

/** Creates an empty overlay over the copy's image. */
async function createDisk({ definition, files }: MachineContext): Promise<void> {
  const formats = ["-f", "qcow2", "-F", "qcow2"];
  const size = `${definition.diskGb}G`;
  await runQemuImg("create", "-q", ...formats, "-b", definition.image.disk, files.disk, size);
}

async function writeFirstBoot({ name, definition, files }: MachineContext): Promise<void> {
  const keys = generateKeyPair();
  await writeFile(files.hostKey, `${keys.publicKey}\n`);
  await writeCredentials(
    files.credentials,
    firstBootCredentials({
      hostKey: keys.privateKey,
      hostPublicKey: keys.publicKey,
      hostname: name,
      lanMac: hardwareAddress(definition.index, "lan"),
      lanAddress: `${definition.lanAddress}/24`,
    }),
  );
}

/** Gives the copy its own image files: hard links if possible, copies across file systems. */
async function linkImage({ image, imageFrom }: MachineDefinition): Promise<void> {
  await mkdir(dirname(image.disk), { recursive: true, mode: 0o700 });
  for (const part of ["disk", "kernel", "initrd"] as const) {
    await link(imageFrom[part], image[part]).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return;
      if (error.code !== "EXDEV" && error.code !== "EPERM") throw error;
      const temporary = await temporaryPath(image[part]);
      await copyFile(imageFrom[part], temporary);
      await rename(temporary, image[part]);
    });
  }
}
