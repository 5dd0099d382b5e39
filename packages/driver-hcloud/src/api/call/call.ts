import type { Body } from "./body.ts";
import type { Query } from "./query.ts";

interface AnyCall {
  /** `/servers/5`, relative to the endpoint. */
  readonly path: string;
  /** What the call is for, as it reads after "refused to": `delete the server "pc1"`. */
  readonly task: string;
  readonly body?: object;
  readonly signal?: AbortSignal | undefined;
}

/** A call with the same result when it is done twice. */
interface RepeatableCall extends AnyCall {
  readonly method: "GET" | "PUT" | "DELETE";
  readonly query?: Query;
}

/** A call that creates or starts something. After a lost reply it is looked up, not repeated. */
interface CreatingCall extends AnyCall {
  readonly method: "POST";
  /** Returns what an earlier attempt did, in the form of the reply, or `undefined` for nothing. */
  readonly lookUp: (earlier: EarlierAttempt) => Promise<Body | undefined>;
}

/** An attempt whose reply is missing. */
export interface EarlierAttempt {
  /** Milliseconds since the first attempt began. */
  readonly agoMs: () => number;
  readonly signal: AbortSignal;
}

export type Call = RepeatableCall | CreatingCall;
