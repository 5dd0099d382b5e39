import type { Redis } from "ioredis";
import type { Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor, type Observation } from "../wait/wait-for.ts";
import { evaluate } from "./evaluate.ts";
import type { Script } from "./script.ts";

const ASK_MS = 3000;
const UNREACHABLE_HINT = "check that Redis runs and is reachable from here";

/** Connection to Redis. Every command settles within the command timeout. */
export class RedisConnection {
  readonly redis: Redis;
  /** Printable address, without credentials. */
  readonly shown: string;
  readonly #clock: Clock;

  constructor(redis: Redis, { shown, clock }: { readonly shown: string; readonly clock: Clock }) {
    this.redis = redis;
    this.shown = shown;
    this.#clock = clock;
  }

  /**
   * Runs a script once.
   *
   * @throws VmrigError `REDIS_UNREACHABLE`. The message summarises the cause, because the errors of
   *   ioredis contain keys, values and options
   */
  async run(
    script: Script,
    keys: readonly string[],
    args: readonly (string | number)[] = [],
  ): Promise<unknown> {
    try {
      return await evaluate(this.redis, script, keys, args);
    } catch (error) {
      throw unanswered(this.shown, error);
    }
  }

  /**
   * Like {@link RedisConnection.run}, for scripts that may run twice: retries for up to 3 s, to
   * bridge a reconnect.
   */
  async ask(
    script: Script,
    keys: readonly string[],
    args: readonly (string | number)[] = [],
  ): Promise<unknown> {
    const probe = (): Promise<Observation<unknown>> =>
      this.run(script, keys, args).then(
        (value) => ({ value }),
        (error: VmrigError) => ({ seen: error.summary }),
      );
    return waitFor({
      what: "an answer of Redis",
      timeoutMs: ASK_MS,
      intervalMs: 50,
      code: "REDIS_UNREACHABLE",
      hint: UNREACHABLE_HINT,
      clock: this.#clock,
      probe,
    });
  }

  close(): void {
    this.redis.disconnect();
  }
}

function unanswered(shown: string, error: unknown): VmrigError {
  return new VmrigError("REDIS_UNREACHABLE", {
    message: `Redis at ${shown} gave no answer: ${error instanceof Error ? error.message : String(error)}`,
    hint: UNREACHABLE_HINT,
  });
}
