import type { Stop } from "./outcome/outcome.ts";

/**
 * A constant abort reason is cheap. Without a reason, each abort would create an error with a
 * stack.
 */
const OVER = "over";

/** Request of this side to stop a command, and the signal that stops it. The first one counts. */
export class StopRequest {
  readonly #stopper = new AbortController();
  #stop: Stop | undefined;
  #abandon: (() => void) | undefined;
  #over = false;

  /** Reason of the request. `undefined` while the command may run. */
  get stop(): Stop | undefined {
    return this.#stop;
  }

  /** Whether the command has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** Aborts when the command must stop, and when it has ended. */
  get signal(): AbortSignal {
    return this.#stopper.signal;
  }

  make(stop: Stop): void {
    if (this.#over || this.#stop !== undefined) return;
    this.#stop = stop;
    this.#stopper.abort(stop.why === "cancelled" ? stop.reason : OVER);
    this.#abandon?.();
  }

  /** Marks the command as ended. Later requests have no effect. */
  end(): void {
    this.#over = true;
    this.#stopper.abort(OVER);
  }

  /**
   * Waits for work unless the command is stopped. Connecting may take long, and other commands wait
   * for the same connection.
   */
  unlessStopped<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#abandon = () => reject(this.#stopper.signal.reason);
      work.then(resolve, reject);
    });
  }
}
