import type { Redis } from "ioredis";
import type { Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor, type Observation } from "../wait/wait-for.ts";
import { evaluate } from "./evaluate.ts";
import { isReplicaReply, refusalIn } from "./refusal.ts";
import type { Script } from "./script.ts";

const ASK_MS = 3000;
const UNREACHABLE_HINT = "check that Redis runs and is reachable from here";

/** Connection to Redis. Every command settles within the command timeout. */
export class RedisConnection {
  readonly redis: Redis;
  /** Printable address, without credentials. */
  readonly shown: string;
  readonly #clock: Clock;
  #replicaAt: number | undefined;

  constructor(redis: Redis, { shown, clock }: { readonly shown: string; readonly clock: Clock }) {
    this.redis = redis;
    this.shown = shown;
    this.#clock = clock;
  }

  /**
   * Time since the server last answered that it is a replica.
   */
  get replicaAgoMs(): number | undefined {
    return this.#replicaAt === undefined ? undefined : this.#clock.monotonic() - this.#replicaAt;
  }

  /**
   * Looks at an error reply, of any command.
   *
   * @returns whether to connect again: a replica keeps its connections, so only a new one can reach
   *   the primary that the address leads to by now
   */
  readReply({ message }: Error): boolean {
    if (!isReplicaReply(message)) return false;
    this.#replicaAt = this.#clock.monotonic();
    return true;
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

/** Returns the error for a command that failed: what Redis replied, or that it gave no answer. */
export function unanswered(shown: string, error: unknown): VmrigError {
  const message = error instanceof Error ? error.message : String(error);
  const refusal = refusalIn(message);
  return new VmrigError("REDIS_UNREACHABLE", {
    message:
      refusal === undefined
        ? `Redis at ${shown} gave no answer: ${message}`
        : `Redis at ${shown} refused a command: ${refusal.reply}`,
    hint: refusal?.hint ?? UNREACHABLE_HINT,
  });
}
