import type { ErrorJson, Strict } from "vmrig/runner";

/** Values that the main process provides to its workers. */
export type Provided =
  | {
      /** Socket on which the gate listens. */
      readonly socket: string;
      /** Whether a failed test pauses until a person continues the run. */
      readonly pause: boolean;
    }
  | { readonly error: ErrorJson };

declare module "vitest" {
  interface ProvidedContext {
    vmrig: Provided;
    /** Folder in which this project's Vitest stores attachments. */
    vmrigAttachments: string;
  }
  interface TaskMeta {
    /** Options of a test, a `describe` or a tag: `meta: { vmrig: { rollback: "test" } }`. */
    vmrig?: {
      /** Rolls the machines back before each test. */
      readonly rollback?: "test";
      /**
       * Whether a test that leaves something behind fails. @defaultValue the value of the config
       */
      readonly strict?: Strict;
    };
  }
}
