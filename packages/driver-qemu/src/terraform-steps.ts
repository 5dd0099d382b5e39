/**
 * What Terraform runs to make and end machines: `node steps.js <create|destroy> <machine|lan>`,
 * with the resource's input as JSON in the environment variable VMRIG_INPUT.
 */
import { withFileLock, isVmrigError } from "vmrig/driver";
import { z } from "zod";
import { startLan, stopLan } from "./network/lan.ts";
import { machineDefinition, machineFiles, type MachineDefinition } from "./machine-files.ts";
import { makeMachine, unmakeMachine } from "./make.ts";

/** A state that knows no folder was made when the switch's pid file lay beside its sockets. */
const lanInput = z
  .object({ folder: z.string().optional(), runtimeFolder: z.string() })
  .transform(({ folder, runtimeFolder }) => ({ folder: folder ?? runtimeFolder, runtimeFolder }));

const [verb, what] = process.argv.slice(2);
const input: unknown = JSON.parse(process.env["VMRIG_INPUT"] ?? "null");

try {
  switch (`${verb} ${what}`) {
    case "create machine":
      await alone(makeMachine);
      break;
    case "destroy machine":
      await alone(unmakeMachine);
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
 * Terraform has no fence: the lease's holder has it run. But nobody acts on a machine while it is
 * made or ended.
 */
async function alone(act: (machine: MachineDefinition) => Promise<void>): Promise<void> {
  const machine = machineDefinition.parse(input);
  await withFileLock({ path: machineFiles(machine, machine.name).turn, on: machine.name }, () =>
    act(machine),
  );
}
