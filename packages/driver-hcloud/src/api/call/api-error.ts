import { isVmrigError, VmrigError, type ErrorFacts } from "vmrig/driver";
import { describeFailure, type Failure } from "./failure.ts";
import { hintFor, NETWORK_HINT } from "./hints.ts";

/** An error of the API, with what a program decides by. */
class ApiError extends VmrigError {
  /** Code of the API, such as `resource_unavailable`. */
  readonly apiCode: string | undefined;

  constructor(failure: Failure, facts: ErrorFacts) {
    super(isOnItsSide(failure) ? "CLOUD_UNREACHABLE" : "CLOUD_REFUSED", facts);
    this.apiCode = failure.kind === "refusal" ? failure.error.code : undefined;
  }
}

/** Returns the API's code of an error: `uniqueness_error`. Any other value has none. */
export function apiCodeOf(error: unknown): string | undefined {
  return isVmrigError(error) && "apiCode" in error && typeof error.apiCode === "string"
    ? error.apiCode
    : undefined;
}

export interface FailedCall {
  /** What the call was for, as it reads after "refused to": `delete the server "pc1"`. */
  readonly task: string;
  /** `DELETE /servers/5` */
  readonly line: string;
  readonly attempts: number;
  readonly waitedMs: number;
  /** Whether an attempt whose reply is missing may have done the work. */
  readonly isMaybeDone: boolean;
}

/** Creates the error of a call that failed for good. */
export function explainFailure(failure: Failure, call: FailedCall): VmrigError {
  const { task, line, attempts, waitedMs, isMaybeDone } = call;
  const refusal = failure.kind === "refusal" ? failure : undefined;
  return new ApiError(failure, {
    message: `Hetzner Cloud ${verb(failure)} ${task}: ${describeFailure(failure)}.`,
    details: [
      refusal === undefined
        ? `no reply to ${line}`
        : `${line} was answered with ${refusal.reply.status}`,
      ...(refusal?.error.facts ?? []),
      ...(attempts > 1 ? [`after ${attempts} attempts in ${(waitedMs / 1_000).toFixed(1)} s`] : []),
      ...(isMaybeDone ? ["it may have been done all the same: a reply was lost"] : []),
      ...(refusal?.reply.correlationId === undefined
        ? []
        : [`correlation id: ${refusal.reply.correlationId}`]),
    ],
    hint: refusal === undefined ? NETWORK_HINT : hintFor(refusal.error.code),
    ...(failure.kind === "no-reply" ? { cause: failure.noReply.cause } : {}),
  });
}

function verb(failure: Failure): string {
  if (failure.kind === "no-reply") return "did not answer the call to";
  return isOnItsSide(failure) ? "failed to" : "refused to";
}

const isOnItsSide = (failure: Failure): boolean =>
  failure.kind === "no-reply" || failure.reply.status >= 500;
