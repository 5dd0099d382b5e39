import { isVmrigError, VmrigError, waitFor, type Clock, type Observation } from "vmrig/driver";
import { explainFailure } from "./api-error.ts";
import { isBody, type Body } from "./body.ts";
import type { Call } from "./call.ts";
import type { NoReply, Reply } from "./exchange.ts";
import { codeOf, describeFailure, failureOf, judge, type Failure } from "./failure.ts";

export interface RepeatOptions {
  readonly attempt: (call: Call, signal: AbortSignal) => Promise<Reply | NoReply>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly repeatMs: number;
}

const LONGEST_PAUSE_MS = 30_000;
/** Locks and conflicts end with the action that holds the resource, mostly within seconds. */
const HELD_PAUSE_MS = 2_000;

/**
 * Makes a call until it succeeds, fails for good, or its time is over. After an attempt that may
 * have created something, it looks for that before each further attempt.
 */
export async function repeatCall(call: Call, options: RepeatOptions): Promise<Body> {
  const { attempt, clock, random, repeatMs } = options;
  const start = clock.monotonic();
  const agoMs = (): number => clock.monotonic() - start;
  let attempts = 0;
  let isMaybeDone = false;
  let last: Failure | undefined;

  const explain = (failure: Failure): Error =>
    explainFailure(failure, {
      task: call.task,
      line: `${call.method} ${call.path}`,
      attempts,
      waitedMs: agoMs(),
      // A refused change was not done; a refused creation may have failed because of the first.
      isMaybeDone:
        isMaybeDone &&
        (call.method === "POST" || (call.method !== "GET" && judge(failure) === "unknown")),
    });
  const earlierResult = async (signal: AbortSignal): Promise<Body | undefined> =>
    isMaybeDone && call.method === "POST" ? await call.lookUp({ agoMs, signal }) : undefined;

  const probe = async (signal: AbortSignal): Promise<Observation<Body>> => {
    // 1. What an attempt without a reply did is the result.
    const earlier = await earlierResult(signal);
    if (earlier !== undefined) return { value: earlier };
    // 2. The next attempt.
    attempts += 1;
    const outcome = await attempt(call, signal);
    const failure = failureOf(outcome);
    if (failure === undefined) return { value: bodyOf(outcome) };
    last = failure;
    // 3. The API was slow: the name that it now calls taken may be the one of the first attempt.
    if (codeOf(failure) === "uniqueness_error") {
      const slow = await earlierResult(signal);
      if (slow !== undefined) return { value: slow };
    }
    const verdict = judge(failure);
    if (verdict === "unknown") isMaybeDone = true;
    if (verdict === "final") throw explain(failure);
    return { seen: describeFailure(failure) };
  };

  try {
    return await waitFor({
      what: `Hetzner Cloud to ${call.task}`,
      timeoutMs: repeatMs,
      intervalMs: () => pauseMs(last, attempts, random),
      clock,
      probe,
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
  } catch (error) {
    if (!isVmrigError(error) || error.code !== "WAIT_TIMEOUT") throw error;
    if (last !== undefined) throw explain(last);
    // The rate limit of the project let no attempt through.
    throw new VmrigError("CLOUD_UNREACHABLE", { message: error.summary, cause: error });
  }
}

/** A reply without a body, as to a DELETE, is an empty object. */
function bodyOf(outcome: Reply | NoReply): Body {
  return "body" in outcome && isBody(outcome.body) ? outcome.body : {};
}

function pauseMs(failure: Failure | undefined, attempts: number, random: () => number): number {
  const code = failure && codeOf(failure);
  // The shared rate limit makes the pause, for all calls together.
  if (code === "rate_limit_exceeded") return 0;
  const isHeld = code === "locked" || code === "conflict";
  const growing = Math.min(1_000 * 2 ** (attempts - 1), LONGEST_PAUSE_MS);
  return (isHeld ? HELD_PAUSE_MS : growing) * (1 + random() / 2);
}
