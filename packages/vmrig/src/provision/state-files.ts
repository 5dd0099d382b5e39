import { join } from "node:path";
import type { CopySpec } from "../driver/driver.ts";

/**
 * Paths of Terraform's files of a copy on this computer. All paths are absolute: Terraform resolves
 * relative paths against its own folder.
 */
export interface StateFiles {
  readonly folder: string;
  /** Versions of the state, in the store `file`. */
  readonly versions: string;
  /** Where vmrig 0.x kept the state. */
  readonly native: string;
  /**
   * Output folder of cdktf. Never wiped, because Terraform leaves a state that it could not save in
   * there.
   */
  readonly synth: string;
  /** Terraform's working folder, inside of `synth`. */
  readonly stack: string;
  /**
   * The configuration that Terraform reads. It may contain a private key, as the user data of a
   * server do, so it is deleted with the plans.
   */
  readonly configuration: string;
  /** Terraform writes a state here that it could not save. */
  readonly unsaved: string;
  /** Record of the engine that applies, or that was killed while it did. */
  readonly engine: string;
  readonly data: string;
  readonly cliConfig: string;
  readonly applyLog: string;
}

export const STACK_ID = "rig";
/** The resource that stores the owner. It is in the state before the first machine is created. */
export const OWNER_RESOURCE = "vmrig_owner";

export function stateFiles(copy: Pick<CopySpec, "folder">): StateFiles {
  const folder = join(copy.folder, "terraform");
  const synth = join(folder, "synth");
  const stack = join(synth, "stacks", STACK_ID);
  return {
    folder,
    versions: join(folder, "state"),
    native: join(folder, "terraform.tfstate"),
    synth,
    stack,
    configuration: join(stack, "cdk.tf.json"),
    unsaved: join(stack, "errored.tfstate"),
    engine: join(folder, "engine.json"),
    data: join(folder, "data"),
    cliConfig: join(folder, "cli.tfrc"),
    applyLog: join(folder, "apply.log"),
  };
}
