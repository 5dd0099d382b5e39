/**
 * What Terraform runs to make and end machines: `node steps.js <create|destroy> <machine|lan>`, with the resource's input as JSON in the
 * environment variable VMRIG_INPUT.
 */
import { isVmrigError } from "vmrig/driver";
import { z } from "zod";
import { startLan, stopLan } from "./lan.ts";
import { machineDefinition } from "./machine-files.ts";
import { makeMachine, unmakeMachine } from "./make.ts";

const lanInput = z.object({ runtimeFolder: z.string() });

const [verb, what] = process.argv.slice(2);
const input: unknown = JSON.parse(process.env["VMRIG_INPUT"] ?? "null");

try {
  switch (`${verb} ${what}`) {
    case "create machine":
      await makeMachine(machineDefinition.parse(input));
      break;
    case "destroy machine":
      await unmakeMachine(machineDefinition.parse(input));
      break;
    case "create lan":
      await startLan(lanInput.parse(input).runtimeFolder);
      break;
    case "destroy lan":
      await stopLan(lanInput.parse(input).runtimeFolder);
      break;
    default:
      throw new Error(`steps: there is no step "${verb} ${what}"`);
  }
} catch (error) {
  process.stderr.write(`${isVmrigError(error) ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
