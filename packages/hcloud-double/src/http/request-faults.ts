/** Which requests a fault hits. */
interface FaultTarget {
  readonly method: string;
  /** Is searched in the path with the query, after `/v1`. */
  readonly path: RegExp;
  /** How many requests; 1 if not set. */
  readonly times?: number;
}

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message?: string | undefined;
}

/** What happens to a request. */
export type RequestFault =
  | ({ readonly kind: "refuse" } & Refusal)
  /** The request is done, and the client gets the refusal. */
  | ({ readonly kind: "refuse-when-done" } & Refusal)
  /** The connection is cut before the request is done. */
  | { readonly kind: "cut" }
  /** The request is done, and the connection is cut instead of a reply. */
  | { readonly kind: "cut-when-done" }
  /** There is never a reply, and nothing is done. */
  | { readonly kind: "hang" }
  | { readonly kind: "slow"; readonly delayMs: number };

/** Faults that hit the next requests. */
export class RequestFaults {
  readonly #planned: {
    readonly target: FaultTarget;
    readonly fault: RequestFault;
    left: number;
  }[] = [];

  add(target: FaultTarget, fault: RequestFault): void {
    this.#planned.push({ target, fault, left: target.times ?? 1 });
  }

  /** Number of requests of a method that a fault still waits for. */
  left(method: string): number {
    const planned = this.#planned.filter(({ target }) => target.method === method);
    return planned.reduce((sum, { left }) => sum + left, 0);
  }

  /** Returns the fault of a request, and uses it up. */
  take(method: string, path: string): RequestFault | undefined {
    const due = this.#planned.find(
      ({ target, left }) => left > 0 && target.method === method && target.path.test(path),
    );
    if (due === undefined) return undefined;
    due.left -= 1;
    return due.fault;
  }
}
