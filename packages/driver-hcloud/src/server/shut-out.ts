import { VmrigError, type MachineRef } from "vmrig/driver";

/** Returns the command that replaces a machine, for a hint. */
export function replaceCommand({ copy, name }: MachineRef): string {
  return `\`vmrig up --copy ${copy.copy} --replace ${name}\``;
}

/**
 * Creates the error of a machine that does not answer, while no other machine of the rig does: it
 * may be this computer that the firewall shuts out.
 *
 * @param when what was done to the machine before: `after it was started`
 */
export function shutOut(ref: MachineRef, when: string, cause: VmrigError): VmrigError {
  const { copy, name } = ref;
  return new VmrigError("CLOUD_UNREACHABLE", {
    message: `No machine of "${copy.rig}" answers this computer, also not ${name} ${when}.`,
    details: [cause.summary],
    hint: `add the network of this computer to \`firewall.ssh\` of the config. If it is there, ${name} is dead: replace it with ${replaceCommand(ref)}`,
    cause,
  });
}
