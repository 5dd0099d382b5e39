import { VmrigError } from "../errors/vmrig-error.ts";

/**
 * Creates the error of a create step that finds a complete machine which it cannot take over. A
 * replacement ends with a destroy step before, so this machine is one that the state does not know,
 * whether it runs or not.
 */
export function machineExists(options: {
  readonly name: string;
  readonly copy: string;
  readonly folder: string;
}): VmrigError {
  const { name, copy, folder } = options;
  return new VmrigError("STATE_LOST", {
    message: `${name} of ${copy} exists, but is not in the Terraform state.`,
    details: [folder],
    hint: "restore the state, or remove the machine with `vmrig destroy`",
  });
}
