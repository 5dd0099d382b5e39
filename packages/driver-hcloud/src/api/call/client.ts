import { systemClock, VmrigError, type Clock } from "vmrig/driver";
import type { Body } from "./body.ts";
import type { Call } from "./call.ts";
import { checkEndpoint } from "./endpoint.ts";
import { sharedAgent } from "./shared-agent.ts";
import { exchange, type NoReply, type Reply } from "./exchange.ts";
import { queryString } from "./query.ts";
import { sharedRateLimit } from "./rate-limit.ts";
import { repeatCall } from "./repeat-call.ts";
import { keepToken } from "./token.ts";

export interface ClientOptions {
  /** Read by the caller, from `HCLOUD_TOKEN`. */
  readonly token: string;
  /** Address of the API. @defaultValue the vendor's */
  readonly endpoint?: string;
  readonly clock?: Clock;
  /** Spreads the pauses of several clients. @defaultValue `Math.random` */
  readonly random?: () => number;
  /** How long a call is repeated. @defaultValue 300000 */
  readonly repeatMs?: number;
  /** Longest wait for one reply. @defaultValue 30000 */
  readonly replyMs?: number;
}

/** A client of the API for one token. */
export interface Client extends AsyncDisposable {
  readonly clock: Clock;
  /**
   * Makes a call, and repeats it where that is safe.
   *
   * @returns the body of the reply; `{}` for an empty one
   * @throws VmrigError `CLOUD_REFUSED`, `CLOUD_UNREACHABLE`; the signal's reason
   */
  call(call: Call): Promise<Body>;
  /** Returns the API's time of its last reply and the time since, in milliseconds. */
  serverTime(): number;
}

/** Creates a client. It sends nothing before its first call. */
export function createClient(options: ClientOptions): Client {
  const { clock = systemClock, random = Math.random } = options;
  const { repeatMs = 300_000, replyMs = 30_000 } = options;
  const endpoint = checkEndpoint(options.endpoint);
  const token = keepToken(options.token);
  const limit = sharedRateLimit({ token: options.token, endpoint }, { clock, random });
  const closing = new AbortController();
  let aheadMs: number | undefined;

  const attempt = async (call: Call, signal: AbortSignal): Promise<Reply | NoReply> => {
    const dispatcher = await sharedAgent(endpoint);
    const endTurn = await limit.takeTurn(signal);
    let outcome: Reply | NoReply | undefined;
    try {
      outcome = await exchange(
        {
          method: call.method,
          url: `${endpoint}${call.path}${queryString("query" in call ? call.query : {})}`,
          body: call.body,
        },
        { token, dispatcher, replyMs, signal },
      );
      return outcome;
    } finally {
      const reply = outcome !== undefined && "status" in outcome ? outcome : undefined;
      if (reply?.date !== undefined) aheadMs = reply.date - clock.monotonic();
      endTurn({ rate: reply?.rate, isRefused: reply?.status === 429 });
    }
  };

  return {
    clock,
    call(call) {
      const { signal } = closing;
      const until = call.signal === undefined ? signal : AbortSignal.any([call.signal, signal]);
      return repeatCall({ ...call, signal: until }, { attempt, clock, random, repeatMs });
    },
    serverTime: () =>
      aheadMs === undefined ? clock.wall() : Math.round(clock.monotonic() + aheadMs),
    async [Symbol.asyncDispose]() {
      // One of several calls has failed. The others would be repeated for minutes, for no one.
      closing.abort(new VmrigError("CANCELLED", { message: "The client of the API was closed." }));
    },
  };
}
