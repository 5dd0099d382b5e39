/**
 * Program that Terraform runs to create and destroy machines:
 * `node terraform-steps.js <create|destroy> <machine|lan>`, with the resource's input as JSON in
 * the environment variable VMRIG_INPUT, and a machine's origin in VMRIG_ORIGIN.
 */
import { isVmrigError, parseOrigin, withFileLock } from "vmrig/driver";
import { z } from "zod";
import { createMachine } from "./create-machine.ts";
import { deleteMachine } from "./delete-machine.ts";
import { resolveRemains } from "./machine-context.ts";
import { machineDefinition, machineFiles, type MachineDefinition } from "./machine-files.ts";
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
      await startLan(copyFolders.parse(input));
      break;
    case "destroy lan":
      await stopLan(copyFolders.parse(input));
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
  await withFileLock({ path: lock, on: name }, () => run(definition));
}
