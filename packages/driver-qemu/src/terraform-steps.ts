/**
 * Program that Terraform runs to create and destroy machines:
 * `node terraform-steps.js <create|destroy> <machine|lan>`, with the resource's input as JSON in
 * the environment variable VMRIG_INPUT.
 */
import { withFileLock, isVmrigError } from "vmrig/driver";
import { z } from "zod";
import { startLan, stopLan } from "./network/lan.ts";
import { machineDefinition, machineFiles, type MachineDefinition } from "./machine-files.ts";
import { makeMachine, unmakeMachine } from "./make.ts";

/** States without a folder are from the time when the switch's pid file lay beside its sockets. */
const lanInput = z
  .object({ folder: z.string().optional(), runtimeFolder: z.string() })
  .transform(({ folder, runtimeFolder }) => ({ folder: folder ?? runtimeFolder, runtimeFolder }));

const [verb, what] = process.argv.slice(2);
const input: unknown = JSON.parse(process.env["VMRIG_INPUT"] ?? "null");

try {
  switch (`${verb} ${what}`) {
    case "create machine":
      await locked(makeMachine);
      break;
    case "destroy machine":
      await locked(unmakeMachine);
      break;
    case "create lan":
      await startLan(lanInput.parse(input));
      break;
    case "destroy lan":
      await stopLan(lanInput.parse(input));
      break;
    default:
      throw new Error(`steps: there is no step "${verb} ${what}"`);
  }
} catch (error) {
  process.stderr.write(`${isVmrigError(error) ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/**
 * Runs an action under the machine's file lock. Terraform has no fence, because the holder of the
 * lease runs it. The lock keeps others from acting on a machine during its creation or removal.
 */
async function locked(act: (machine: MachineDefinition) => Promise<void>): Promise<void> {
  const machine = machineDefinition.parse(input);
  await withFileLock({ path: machineFiles(machine, machine.name).lock, on: machine.name }, () =>
    act(machine),
  );
}
