import type { ErrorCode } from "../../../../errors/codes.ts";
import { VmrigError } from "../../../../errors/vmrig-error.ts";

/** SQLSTATE, or its class, with the remedy. Trying the statement again would not help. */
const REFUSALS: readonly (readonly [state: RegExp, code: ErrorCode, hint: string])[] = [
  [/^28/, "STATE_UNREACHABLE", "check the user and the password of the address"],
  [/^3D000$/, "STATE_UNREACHABLE", "create this database, or correct the address"],
  [/^(3F000|42P01)$/, "STATE_UNREACHABLE", "create its tables: `vmrig state init`"],
  [
    /^42501$/,
    "STATE_UNWRITABLE",
    "grant the user SELECT, INSERT, UPDATE and DELETE on the tables, and USAGE on their schema",
  ],
  [
    /^25006$/,
    "STATE_UNWRITABLE",
    "the server or the user is read-only: use the address of the primary",
  ],
  [/^53100$/, "STATE_UNWRITABLE", "free some space on the server's disk"],
  [/^(22|23|42|0A)/, "INTERNAL", "this is a bug in vmrig: please report it"],
];

/**
 * Returns the error for an answer that says what is wrong; `undefined` when there was no answer, or
 * when the server is starting or stopping.
 */
export function explainRefusal(error: unknown, shown: string): VmrigError | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string")
    return undefined;
  const { code: state, message } = error;
  const [, code, hint] = REFUSALS.find(([pattern]) => pattern.test(state)) ?? [];
  if (code === undefined || hint === undefined) return undefined;
  return new VmrigError(code, {
    message: `PostgreSQL at ${shown} refused a statement: ${message}.`,
    details: [`SQLSTATE ${state}`],
    hint,
  });
}
