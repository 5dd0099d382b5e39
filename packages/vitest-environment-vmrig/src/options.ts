import type { RollbackPolicy, Strict } from "vmrig/runner";

/** What `vmrig({ … })` and `vmrigProject(…, { … })` take. */
export interface VmrigOptions {
  /**
   * Path of the config, from the project's root.
   *
   * @defaultValue the `vmrig.config.ts` of the root or a folder above it
   */
  readonly config?: string;
}

/**
 * What one file may say in its docblock: `// @vitest-environment-options { "rollback": "test" }`.
 */
export interface FileOptions {
  readonly rollback?: RollbackPolicy;
  readonly strict?: Strict;
}
