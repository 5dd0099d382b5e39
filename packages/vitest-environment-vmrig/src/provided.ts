import type { ErrorJson, Strict } from "vmrig/runner";

/** What the main process tells its workers. */
export type Provided =
  | {
      /** Where the gate listens. */
      readonly socket: string;
      /** Whether a failed test stops there until somebody has looked. */
      readonly pause: boolean;
    }
  | { readonly error: ErrorJson };

declare module "vitest" {
  interface ProvidedContext {
    vmrig: Provided;
    /** Where this project's Vitest keeps attachments. */
    vmrigAttachments: string;
  }
  interface TaskMeta {
    /** On a test, a `describe` or a tag: `meta: { vmrig: { rollback: "test" } }`. */
    vmrig?: {
      /** Machines at their baseline before each test of it. */
      readonly rollback?: "test";
      /** Whether a test may leave anything behind. @defaultValue as the config says */
      readonly strict?: Strict;
    };
  }
}
