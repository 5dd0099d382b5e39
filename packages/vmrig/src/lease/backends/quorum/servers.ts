import type { Clock } from "../../../clock/clock.ts";
import { asVmrigError, VmrigError } from "../../../errors/vmrig-error.ts";
import { waitFor, type Observation } from "../../../wait/wait-for.ts";
import type { RedisConnection } from "../../../redis/connection.ts";

/** What came of one question to one server. */
export type Ballot<T> =
  | { readonly server: RedisConnection; readonly answer: T }
  | { readonly server: RedisConnection; readonly fault: VmrigError };

export interface Answered<T> {
  readonly server: RedisConnection;
  readonly answer: T;
}

export interface ServersOptions {
  readonly clock: Clock;
  /** Told in a line when one of them falls silent, and when it answers again. */
  readonly onNews?: (line: string) => void;
}

const ASK_MS = 3000;
const HINT = "check that most of them run and are reachable from here";

/**
 * Servers that know nothing of each other, in the order of the config. What most of them say,
 * counts.
 *
 * One that did not answer its last question is still asked, but not waited for while the others are
 * enough: a server in a black hole costs one command timeout, not one with every question.
 */
export class Servers {
  readonly all: readonly RedisConnection[];
  readonly majority: number;
  readonly #options: ServersOptions;
  readonly #silent = new Set<RedisConnection>();
  #closed = false;

  constructor(all: readonly RedisConnection[], options: ServersOptions) {
    this.all = all;
    this.majority = Math.floor(all.length / 2) + 1;
    this.#options = options;
  }

  /**
   * Puts a question to all of them. Resolves as soon as `enough` says so; else when all have
   * answered that usually do, and most did.
   */
  poll<T>(
    question: (server: RedisConnection) => Promise<T>,
    enough: (ballots: readonly Ballot<T>[]) => boolean = () => false,
  ): Promise<readonly Ballot<T>[]> {
    const ballots: Ballot<T>[] = [];
    const pending = new Set(this.all);
    return new Promise((resolve) => {
      const count = (ballot: Ballot<T>): void => {
        this.note(ballot);
        ballots.push(ballot);
        pending.delete(ballot.server);
        const others = [...pending].every((server) => this.#silent.has(server));
        if (
          pending.size === 0 ||
          enough(ballots) ||
          (others && answers(ballots).length >= this.majority)
        )
          resolve([...ballots]);
      };
      for (const server of this.all) {
        question(server).then(
          (answer) => count({ server, answer }),
          (error: unknown) => count({ server, fault: asVmrigError(error) }),
        );
      }
    });
  }

  /**
   * Like {@link Servers.poll}, for the answers alone.
   *
   * @throws VmrigError `REDIS_UNREACHABLE` when less than the majority answered
   */
  async ask<T>(
    question: (server: RedisConnection) => Promise<T>,
    enough?: (ballots: readonly Ballot<T>[]) => boolean,
  ): Promise<readonly Answered<T>[]> {
    const ballots = await this.poll(question, enough);
    const found = answers(ballots);
    if (found.length < this.majority) throw this.unanswered(ballots);
    return found.toSorted((a, b) => this.all.indexOf(a.server) - this.all.indexOf(b.server));
  }

  /**
   * For what may run twice: bridges a re-dial by asking again for up to 3 s.
   *
   * @throws VmrigError `REDIS_UNREACHABLE`
   */
  async askAgain<T>(
    question: (server: RedisConnection) => Promise<T>,
  ): Promise<readonly Answered<T>[]> {
    return this.#again(async () => ({ value: await this.ask(question) }));
  }

  /**
   * Whether most of them do it, or most refuse; neither while too few answer. May run twice.
   *
   * @throws VmrigError `REDIS_UNREACHABLE`
   */
  async vote(question: (server: RedisConnection) => Promise<boolean>): Promise<boolean> {
    return this.#again(async () => {
      const ballots = await this.poll(question); // all of them: what is to stay should be where a minority may be lost
      for (const value of [true, false]) {
        if (answers(ballots).filter(({ answer }) => answer === value).length >= this.majority)
          return { value };
      }
      throw this.unanswered(ballots);
    });
  }

  unanswered(ballots: readonly Ballot<unknown>[]): VmrigError {
    return new VmrigError("REDIS_UNREACHABLE", {
      message: `${answers(ballots).length} of ${this.all.length} Redises answered; a lease needs the same answer of ${this.majority}.`,
      details: ballots.flatMap((ballot) => ("fault" in ballot ? [ballot.fault.summary] : [])),
      hint: HINT,
    });
  }

  close(): void {
    this.#closed = true;
    for (const server of this.all) server.close();
  }

  #again<T>(probe: () => Promise<Observation<T>>): Promise<T> {
    return waitFor({
      what: "an answer of most Redises",
      timeoutMs: ASK_MS,
      intervalMs: 50,
      code: "REDIS_UNREACHABLE",
      hint: HINT,
      clock: this.#options.clock,
      probe: () => probe().catch((error: unknown) => ({ seen: oneLine(asVmrigError(error)) })),
    });
  }

  /** Remembers whether a server answered, and says so when that is news. */
  note(ballot: Ballot<unknown>): void {
    if (this.#closed) return; // what was under way then did not fail
    const { server } = ballot;
    if ("answer" in ballot) {
      if (this.#silent.delete(server))
        this.#options.onNews?.(`redis    ${server.shown} answers again`);
    } else if (!this.#silent.has(server)) {
      this.#silent.add(server);
      const left = this.all.length - this.#silent.size;
      this.#options.onNews?.(
        `redis    ${left} of ${this.all.length} answer, ${this.majority} must: ${ballot.fault.summary}`,
      );
    }
  }
}

export function answers<T>(ballots: readonly Ballot<T>[]): readonly Answered<T>[] {
  return ballots.filter((ballot) => "answer" in ballot);
}

function oneLine({ summary, details }: VmrigError): string {
  return [summary, ...details].join(" ");
}
