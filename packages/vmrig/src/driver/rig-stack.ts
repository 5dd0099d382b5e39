/**
 * A step of a `terraform_data` resource: a command that Terraform runs on this computer. For the
 * author of the step there is no shell in between: arguments are passed unchanged, and the stack
 * does the quoting and the escaping of Terraform's interpolation.
 *
 * The command runs with umask 077, without stdin, in an environment of `PATH`, `HOME`, `TMPDIR` and
 * little else. An exit status other than 0 fails the run, and the output becomes part of the error.
 * A background process of the step must have closed stdout and stderr, otherwise Terraform waits
 * for it.
 */
export interface LocalStep {
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A resource that Terraform creates and destroys through steps on this computer. */
export interface LocalResource {
  /**
   * Stable name, which becomes the address `terraform_data.<name>`. Letters, digits, `_` and `-`;
   * the first character is a letter or `_`. The resource of a machine has the machine's name: vmrig
   * compares the names in the state with those of `inspect`.
   */
  readonly name: string;
  /**
   * Stored in the state. The `destroy` step receives it as JSON in the environment variable
   * `VMRIG_INPUT`. A changed input is an update.
   */
  readonly input: Readonly<Record<string, unknown>>;
  /** A change of any of these values replaces the resource. */
  readonly replaceOn: Readonly<Record<string, string | number>>;
  /**
   * Receives the input as JSON in `VMRIG_INPUT`, and the machine's `Origin` in `VMRIG_ORIGIN`. The
   * step starts from scratch: after an interrupted attempt, Terraform runs `create` again on the
   * remains of that attempt, and does **not** run `destroy` before it. A machine that is complete
   * is taken over if `canTakeOver` allows it.
   */
  readonly create: LocalStep;
  /** Succeeds when the resource is already gone. */
  readonly destroy: LocalStep;
  /** Names of resources that must exist before this one is created, and be destroyed after it. */
  readonly dependsOn?: readonly string[];
}

/**
 * The CDKTF stack as a driver sees it, so that no driver imports cdktf. Every string arrives
 * unchanged, because it is escaped against interpolation.
 */
export interface RigStack {
  /**
   * @throws VmrigError `CONFIG_INVALID` for a name that Terraform does not accept, `INTERNAL` for a
   *   name that is declared twice
   */
  local(resource: LocalResource): void;
}
