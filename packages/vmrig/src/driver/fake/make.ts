import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { machineExists } from "../machine-exists.ts";
import { claimFolder } from "../../local-files/folder-claim.ts";
import { canTakeOver } from "../origin.ts";
import { generateKeyPair } from "../../ssh/keys.ts";
import { waitFor } from "../../wait/wait-for.ts";
import { sendCommand, NO_PROCESS } from "./control.ts";
import { makeDisk } from "./disk.ts";
import {
  machineFiles,
  machinesFolder,
  beginDefinition,
  changeOrigin,
  completeDefinition,
  machinesOf,
  readDefinition,
  type MachineDefinition,
  type MachineFiles,
} from "./machine-files.ts";
import { endMembers, mark } from "./members.ts";
import { programPath } from "./program.ts";
import { writeShims } from "./shims.ts";

const START_MS = 20_000;

/**
 * Creates a machine and starts its process. Removes the remains of an interrupted attempt, but
 * never touches a complete machine. A machine that a killed apply completed is taken over.
 *
 * @throws VmrigError `STATE_LOST` when the machine already exists
 */
export async function makeMachine(definition: MachineDefinition): Promise<void> {
  const files = machineFiles(definition, definition.name);
  const existing = await readDefinition(files, definition.name);
  if (existing !== undefined && canTakeOver(existing, definition)) {
    await changeOrigin(files, { ...existing, origin: definition.origin });
    return;
  }
  if (existing !== undefined) throw machineExists({ ...definition, folder: files.folder });
  await unmakeMachine(definition);
  await mkdir(machinesFolder(definition), { recursive: true, mode: 0o700 });
  await mkdir(files.folder, { mode: 0o700 });
  await beginDefinition(files, definition);
  const keys = generateKeyPair();
  await Promise.all([
    makeDisk(files),
    writeShims(files.bin, definition.name),
    writeFile(files.hostKey, keys.privateKey, { mode: 0o600 }),
    writeFile(files.hostPublicKey, `${keys.publicKey}\n`),
  ]);
  await startProcess(files, definition.name, files.creating);
  await completeDefinition(files);
}

/** Ends all processes of a machine; its disk and snapshots stay. */
export async function stopProcess(files: MachineFiles): Promise<void> {
  await endMembers(files);
  await rm(files.control, { force: true });
}

/**
 * Ends a machine and deletes its files. The machine counts as incomplete from the first step on, so
 * that the next call completes an interrupted removal.
 */
export async function unmakeMachine(
  machine: Pick<MachineDefinition, "name" | "folder" | "runtimeFolder">,
): Promise<void> {
  const files = machineFiles(machine, machine.name);
  await rm(files.definition, { force: true });
  await endMembers(files);
  await Promise.all(
    [files.folder, files.control].map((path) => rm(path, { recursive: true, force: true })),
  );
}

/**
 * Starts the process of a machine and waits until it responds. The process inherits the claim of
 * the copy's folder.
 *
 * @throws VmrigError `MACHINE_UNREACHABLE` at the deadline; `HOME_SHARED`
 */
export async function startProcess(
  files: MachineFiles,
  name: string,
  definition = files.definition,
): Promise<void> {
  const program = programPath(new URL("./machine-process.ts", import.meta.url));
  const copyFolder = dirname(files.lock);
  using claim = await claimFolder(copyFolder, { what: machinesOf(copyFolder) });
  const log = openSync(files.log, "a", 0o600);
  const child = spawn(process.execPath, [program, definition], {
    cwd: files.folder,
    // The process outlives this run, so it gets nothing of this run's environment.
    env: { PATH: process.env["PATH"], ...mark(files) },
    stdio: ["ignore", log, log, claim.fd ?? "ignore"],
    detached: true,
  });
  let ended: string | undefined;
  child.once("error", (error) => (ended = error.message));
  child.once("exit", (code, signal) => (ended = `it ended (${signal ?? code})`));
  child.unref();
  closeSync(log);
  await waitFor({
    what: "the machine process to respond",
    on: name,
    timeoutMs: START_MS,
    intervalMs: 5,
    code: "MACHINE_UNREACHABLE",
    hint: `see ${files.log}`,
    probe: async () => {
      if (ended !== undefined)
        throw new VmrigError("MACHINE_UNREACHABLE", {
          message: `${name} did not start: ${ended}.`,
          hint: `see ${files.log}`,
        });
      const status = await sendCommand(files.control, { do: "status" });
      return status === NO_PROCESS ? { seen: status } : { value: true };
    },
  });
}
