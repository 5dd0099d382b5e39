import { copyFile, link, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { generateKeyPair, VmrigError, explainWriteErrors } from "vmrig/driver";
import { machineNames } from "./find-machine.ts";
import { hardwareAddress } from "./process/command-line.ts";
import { firstBootCredentials, writeCredentials } from "./first-boot.ts";
import {
  machineDefinition,
  machineFiles,
  readJson,
  writeJson,
  type MachineDefinition,
} from "./machine-files.ts";
import { findProcess, startProcess, stopProcess } from "./process/qemu-process.ts";
import { requireProgram } from "./process/qemu-binary.ts";
import { runProgram } from "./process/run-program.ts";

/**
 * Creates and starts a machine. Removes the remains of an interrupted attempt; never touches a
 * running machine.
 *
 * @throws VmrigError `STATE_LOST` if the machine already runs
 */
export async function makeMachine(machine: MachineDefinition): Promise<void> {
  const files = machineFiles(machine, machine.name);
  const existing = await readJson(files.definition, machineDefinition);
  if (existing !== undefined && (await findProcess(existing)) !== undefined) {
    throw new VmrigError("STATE_LOST", {
      message: `${machine.name} of ${machine.copy} exists already and runs.`,
      hint: `put Terraform's state back, or remove the machine with: vmrig destroy ${machine.rig}`,
    });
  }
  await stopProcess(machine);
  await explainWriteErrors(files.folder, async () => {
    await rm(files.folder, { recursive: true, force: true });
    await mkdir(files.folder, { recursive: true, mode: 0o700 });
  });
  await writeJson(files.definition, machine);

  await explainWriteErrors(dirname(machine.image.disk), () => keepImage(machine));
  const keys = generateKeyPair();
  await writeFile(files.hostKey, `${keys.publicKey}\n`);
  await writeCredentials(
    files.credentials,
    firstBootCredentials({
      hostKey: keys.privateKey,
      hostPublicKey: keys.publicKey,
      hostname: machine.name,
      lanMac: hardwareAddress(machine.index, "lan"),
      lanAddress: `${machine.lanAddress}/24`,
    }),
  );
  await runProgram(requireProgram("qemu-img", "apt-get install qemu-utils"), [
    "create",
    "-q",
    "-f",
    "qcow2",
    "-F",
    "qcow2",
    "-b",
    machine.image.disk,
    files.disk,
    `${machine.diskGb}G`,
  ]);
  await startProcess(machine);
}

/** Deletes a machine and its files. */
export async function unmakeMachine(machine: MachineDefinition): Promise<void> {
  await stopProcess(machine);
  await rm(machineFiles(machine, machine.name).folder, { recursive: true, force: true });
  if ((await machineNames(machine)).length === 0)
    await rm(dirname(dirname(machine.image.disk)), { recursive: true, force: true });
}

/**
 * Gives the copy its own image files: hard links if possible, copies across file systems.
 */
async function keepImage({ image, imageFrom }: MachineDefinition): Promise<void> {
  await mkdir(dirname(image.disk), { recursive: true, mode: 0o700 });
  for (const part of ["disk", "kernel", "initrd"] as const) {
    await link(imageFrom[part], image[part]).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return;
      if (error.code !== "EXDEV" && error.code !== "EPERM") throw error;
      await copyFile(imageFrom[part], `${image[part]}.new-${process.pid}`);
      await rename(`${image[part]}.new-${process.pid}`, image[part]);
    });
  }
}
