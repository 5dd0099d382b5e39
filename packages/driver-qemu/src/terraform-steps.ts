/**
 * Program that Terraform runs to create and destroy machines:
 * `node terraform-steps.js <create|destroy> <machine|lan>`, with the resource's input as JSON in
 * the environment variable VMRIG_INPUT, and a machine's origin in VMRIG_ORIGIN.
 */
import {
  claimFolder,
  isVmrigError,
  parseOrigin,
  withFileLock,
  type FolderClaim,
} from "vmrig/driver";
import { z } from "zod";
import { createMachine } from "./create-machine.ts";
import { deleteMachine } from "./delete-machine.ts";
import { resolveRemains } from "./machine-context.ts";
import {
  machineDefinition,
  machineFiles,
  machinesOf,
  type CopyFolders,
  type MachineDefinition,
} from "./machine-files.ts";
import { startLan, stopLan } from "./network/lan.ts";

const copyFolders = z.object({ folder: z.string(), runtimeFolder: z.string() });

const [verb, what] = process.argv.slice(2);
const input: unknown = JSON.parse(process.env["VMRIG_INPUT"] ?? "null");

try {
  switch (`${verb} ${what}`) {
    case "create machine":
      await withLock(createMachine);
      break;
    case "destroy machine":
      await withLock(async (definition) =>
        deleteMachine(definition, await resolveRemains(definition, definition.name)),
      );
      break;
    case "create lan":
      await withClaim(async (folders, claim) => void (await startLan(folders, claim)));
      break;
    case "destroy lan":
      await withClaim((folders) => stopLan(folders));
      break;
    default:
      throw new Error(`steps: there is no step "${verb} ${what}"`);
  }
} catch (error) {
  process.stderr.write(`${isVmrigError(error) ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/**
 * Runs a step under the machine's file lock. Terraform has no fence, because the holder of the
 * lease runs it. The lock keeps others from acting on a machine during its creation or removal.
 */
async function withLock(run: (definition: MachineDefinition) => Promise<void>): Promise<void> {
  const origin = parseOrigin(process.env["VMRIG_ORIGIN"]);
  const definition = { ...machineDefinition.parse(input), origin };
  const { name } = definition;
  const { lock } = machineFiles(definition, name);
  await withClaim(() => withFileLock({ path: lock, on: name }, () => run(definition)));
}

/**
 * Runs a step under the claim of the copy's folder: Terraform may outlive the run that started it,
 * and the switch outlives Terraform.
 */
async function withClaim(
  run: (folders: CopyFolders, claim: FolderClaim) => Promise<void>,
): Promise<void> {
  const folders = copyFolders.parse(input);
  using claim = await claimFolder(folders.folder, { what: machinesOf(folders.folder) });
  await run(folders, claim);
}
