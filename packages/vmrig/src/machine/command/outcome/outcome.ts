import { ConnectionLostError } from "../../../ssh/connection-lost.ts";
import type { CommandResult } from "./command-result.ts";
import { CommandError, type CommandErrorFacts } from "./error.ts";

/** Reason why this side ended a command. Timeouts are recorded separately. */
export type Stop =
  | { readonly why: "cancelled" | "input"; readonly reason: unknown }
  | { readonly why: "overflow"; readonly output: string; readonly maxBytes: number }
  /** `unread`: the reader of the output has gone. */
  | { readonly why: "killed" | "unread" };

export interface Outcome {
  readonly result: CommandResult<unknown>;
  readonly circumstances: CommandErrorFacts;
  readonly throws: boolean;
  /**
   * Whether the machine was taken away. This is not an outcome of the command and always throws,
   * regardless of `reject`.
   */
  readonly taken: boolean;
  readonly stop: Stop | undefined;
}

export function toError({ result, circumstances }: Outcome): CommandError<unknown> {
  return new CommandError(result, circumstances);
}

/**
 * Returns whether this side ended the command. An unawaited promise then causes no unhandled
 * rejection.
 */
export function isOurs(end: Outcome | Error): boolean {
  if (end instanceof Error) return end instanceof ConnectionLostError && end.hungUp;
  return end.stop !== undefined && end.stop.why !== "overflow" && end.stop.why !== "input";
}

/** Returns the result, or throws the error with which the command's promise rejects. */
export function verdict(outcome: Outcome): CommandResult<unknown> {
  if (outcome.throws) throw toError(outcome);
  return outcome.result;
}
