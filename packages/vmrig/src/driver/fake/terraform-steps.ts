/**
 * Steps that Terraform runs: `node terraform-steps.js <create|destroy>`, with the machine's
 * definition as JSON in the environment variable VMRIG_INPUT, and its origin in VMRIG_ORIGIN.
 */
import { withFileLock } from "../../local-files/file-lock.ts";
import { claimFolder } from "../../local-files/folder-claim.ts";
import { parseOrigin } from "../origin.ts";
import { machineFiles, machinesOf, parseDefinition } from "./machine-files.ts";
import { makeMachine, unmakeMachine } from "./make.ts";

const STEPS: Readonly<Record<string, typeof makeMachine>> = {
  create: makeMachine,
  destroy: unmakeMachine,
};

try {
  const step = STEPS[process.argv[2] ?? ""];
  if (step === undefined) throw new Error(`there is no step ${process.argv[2]}`);
  const machine = {
    ...parseDefinition(process.env["VMRIG_INPUT"] ?? "null"),
    origin: parseOrigin(process.env["VMRIG_ORIGIN"]),
  };
  // Terraform may outlive the run that started it.
  using _claim = await claimFolder(machine.folder, { what: machinesOf(machine.folder) });
  await withFileLock({ path: machineFiles(machine, machine.name).lock, on: machine.name }, () =>
    step(machine),
  );
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
