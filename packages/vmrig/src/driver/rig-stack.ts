/**
 * A step of a `terraform_data` resource: a command that Terraform runs on this computer, without a
 * shell in between as far as its author can see. Arguments are passed as they are; quoting and
 * escaping of Terraform's interpolation is the stack's work.
 *
 * It runs with umask 077, without stdin, in an environment of `PATH`, `HOME`, `TMPDIR` and little
 * else. Its exit status other than 0 fails the run, and its output becomes part of the error. A
 * process that it leaves in the background must have let go of stdout and stderr, otherwise
 * Terraform waits for it.
 */
export interface LocalStep {
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Something that Terraform should make exist, through steps on this computer. */
export interface LocalResource {
  /**
   * Stable: it becomes the address `terraform_data.<name>`. Letters, digits, `_` and `-`; it begins
   * with a letter or `_`. The resource that is a machine bears the machine's name: that is how what
   * the state knows is held against what `inspect` sees.
   */
  readonly name: string;
  /**
   * Kept in the state; the `destroy` step gets it, as JSON, in the environment variable
   * `VMRIG_INPUT`. A change of it is an update.
   */
  readonly input: Readonly<Record<string, unknown>>;
  /** A change of any of these makes the resource anew. */
  readonly replaceOn: Readonly<Record<string, string | number>>;
  /**
   * Gets the input, as JSON, in `VMRIG_INPUT`. It starts over: when an earlier attempt was cut off,
   * Terraform runs `create` again, on whatever that attempt left, and does **not** run `destroy`
   * before it.
   */
  readonly create: LocalStep;
  /** Succeeds when the thing is already gone. */
  readonly destroy: LocalStep;
  /** Names of resources that must exist before, and be gone after, this one. */
  readonly dependsOn?: readonly string[];
}

/**
 * What a driver sees of the CDKTF stack, so that no driver imports cdktf. Every string that goes in
 * comes out as it is: it is escaped against interpolation.
 */
export interface RigStack {
  /**
   * @throws VmrigError `CONFIG_INVALID` for a name that Terraform would not take, `INTERNAL` for
   *   one that is declared twice
   */
  local(resource: LocalResource): void;
}
