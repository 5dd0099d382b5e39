import type { ErrorJson } from "vmrig/runner";

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
    /** `meta: { vmrig: { rollback: "test" } }` on a test or a `describe`: machines at their baseline before each test of it. */
    vmrig?: { readonly rollback?: "test" };
  }
}
