import { join } from "node:path";
import type { CopySpec } from "../driver/driver.ts";

/**
 * Paths of the files of a copy's local state. All paths are absolute: Terraform resolves relative
 * paths against its own folder.
 */
export interface StateFiles {
  readonly folder: string;
  readonly state: string;
  /** Terraform keeps the previous version here. */
  readonly backup: string;
  /** Exists while a Terraform works on the state, or after a Terraform was killed. */
  readonly lockInfo: string;
  /**
   * Output folder of cdktf. Never wiped, because Terraform leaves a state that it could not save in
   * there.
   */
  readonly synth: string;
  /** Terraform's working folder, inside of `synth`. */
  readonly stack: string;
  readonly unsaved: string;
  /** vmrig's own record of the last apply. */
  readonly lastApply: string;
  readonly data: string;
  readonly cliConfig: string;
  readonly applyLog: string;
}

export const STACK_ID = "rig";
/**
 * The resource that stores the owner. Every other resource depends on it, so that the owner is on
 * disk before the first machine is created.
 */
export const OWNER_RESOURCE = "vmrig_owner";

export function stateFiles(copy: Pick<CopySpec, "folder">): StateFiles {
  const folder = join(copy.folder, "terraform");
  const synth = join(folder, "synth");
  const stack = join(synth, "stacks", STACK_ID);
  return {
    folder,
    state: join(folder, "terraform.tfstate"),
    backup: join(folder, "terraform.tfstate.backup"),
    lockInfo: join(folder, ".terraform.tfstate.lock.info"),
    synth,
    stack,
    unsaved: join(stack, "errored.tfstate"),
    lastApply: join(folder, "last-apply.json"),
    data: join(folder, "data"),
    cliConfig: join(folder, "cli.tfrc"),
    applyLog: join(folder, "apply.log"),
  };
}
