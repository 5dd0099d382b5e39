import type { OptionNames, RollbackPolicy, Strict } from "vmrig/runner";

/** Options of `vmrig({ … })` and `vmrigProject(…, { … })`. */
export interface VmrigOptions {
  /**
   * Path of the config, relative to the project's root.
   *
   * @defaultValue the `vmrig.config.ts` of the root or a folder above it
   */
  readonly config?: string;
}

export const VMRIG_OPTIONS: OptionNames<VmrigOptions> = { config: true };

/**
 * Options that a test file can set in its docblock:
 * `// @vitest-environment-options { "rollback": "test" }`.
 */
export interface FileOptions {
  readonly rollback?: RollbackPolicy;
  readonly strict?: Strict;
}

export const FILE_OPTIONS: OptionNames<FileOptions> = { rollback: true, strict: true };
