const HOUR_MS = 3_600_000;

/** Requests that a project has left. One request comes back each `hour / limit`. */
export class RateLimit {
  readonly limit: number;
  readonly #now: () => number;
  #used = 0;
  #seenMs: number;

  constructor({ limit, now }: { readonly limit: number; readonly now: () => number }) {
    this.limit = limit;
    this.#now = now;
    this.#seenMs = now();
  }

  get remaining(): number {
    const now = this.#now();
    const returned = ((now - this.#seenMs) * this.limit) / HOUR_MS;
    this.#used = Math.max(0, this.#used - returned);
    this.#seenMs = now;
    return Math.floor(this.limit - this.#used);
  }

  /** Leaves `remaining` requests, as if other clients of the project had sent the others. */
  leave(remaining: number): void {
    this.#seenMs = this.#now();
    this.#used = this.limit - remaining;
  }

  /** Counts one request. Returns false if there is none left. */
  take(): boolean {
    if (this.remaining < 1) return false;
    this.#used += 1;
    return true;
  }

  headers(): Record<string, string> {
    const remaining = this.remaining;
    const fullMs = this.#now() + (this.#used / this.limit) * HOUR_MS;
    return {
      "RateLimit-Limit": String(this.limit),
      "RateLimit-Remaining": String(remaining),
      "RateLimit-Reset": String(Math.ceil(fullMs / 1000)),
    };
  }
}
