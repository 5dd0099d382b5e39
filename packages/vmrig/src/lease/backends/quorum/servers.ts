import type { Clock } from "../../../clock/clock.ts";
import { asVmrigError, VmrigError } from "../../../errors/vmrig-error.ts";
import { waitFor, type Observation } from "../../../wait/wait-for.ts";
import type { RedisConnection } from "../../../redis/connection.ts";

/** Result of one query to one server. */
export type Ballot<T> =
  | { readonly server: RedisConnection; readonly answer: T }
  | { readonly server: RedisConnection; readonly fault: VmrigError };

export interface SuccessfulReply<T> {
  readonly server: RedisConnection;
  readonly answer: T;
}

export interface ServersOptions {
  readonly clock: Clock;
  /** Called with a line of text when a server stops answering, and when it answers again. */
  readonly onNews?: (line: string) => void;
}

const ASK_MS = 3000;
const HINT = "check that most of the servers run and are reachable from here";

/**
 * Independent servers, in the order of the config. The majority decides.
 *
 * A server that did not answer its last query is still queried. Calls do not wait for it while the
 * other servers are enough: a server in a black hole costs one command timeout, not one per query.
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
   * Queries all servers. Resolves as soon as `enough` returns true. Otherwise resolves when all
   * servers that answered last time have settled and a majority has answered.
   */
  poll<T>(
    query: (server: RedisConnection) => Promise<T>,
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
          (others && successfulReplies(ballots).length >= this.majority)
        )
          resolve([...ballots]);
      };
      for (const server of this.all) {
        query(server).then(
          (answer) => count({ server, answer }),
          (error: unknown) => count({ server, fault: asVmrigError(error) }),
        );
      }
    });
  }

  /**
   * Like {@link Servers.poll}, but returns only the answers.
   *
   * @throws VmrigError `REDIS_UNREACHABLE` when fewer than the majority answered
   */
  async ask<T>(
    query: (server: RedisConnection) => Promise<T>,
    enough?: (ballots: readonly Ballot<T>[]) => boolean,
  ): Promise<readonly SuccessfulReply<T>[]> {
    const ballots = await this.poll(query, enough);
    const found = successfulReplies(ballots);
    if (found.length < this.majority) throw this.unanswered(ballots);
    return found.toSorted((a, b) => this.all.indexOf(a.server) - this.all.indexOf(b.server));
  }

  /**
   * Like {@link Servers.ask}, for queries that may run twice: retries for up to 3 s, to bridge a
   * reconnect.
   *
   * @throws VmrigError `REDIS_UNREACHABLE`
   */
  async askAgain<T>(
    query: (server: RedisConnection) => Promise<T>,
  ): Promise<readonly SuccessfulReply<T>[]> {
    return this.#again(async () => ({ value: await this.ask(query) }));
  }

  /**
   * Returns `true` when a majority agrees, `false` when a majority refuses. Retries while too few
   * servers answer, so the query may run twice.
   *
   * @throws VmrigError `REDIS_UNREACHABLE`
   */
  async vote(query: (server: RedisConnection) => Promise<boolean>): Promise<boolean> {
    return this.#again(async () => {
      // All servers, without `enough`: a write must survive the loss of a minority.
      const ballots = await this.poll(query);
      for (const value of [true, false]) {
        if (
          successfulReplies(ballots).filter(({ answer }) => answer === value).length >=
          this.majority
        )
          return { value };
      }
      throw this.unanswered(ballots);
    });
  }

  unanswered(ballots: readonly Ballot<unknown>[]): VmrigError {
    const answered = successfulReplies(ballots).length;
    const needed =
      answered < this.majority
        ? `; ${this.majority} are needed`
        : `, and their answers differ; ${this.majority} equal answers are needed`;
    return new VmrigError("REDIS_UNREACHABLE", {
      message: `Only ${answered} of ${this.all.length} Redis servers answered${needed}.`,
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
      what: "an answer of most Redis servers",
      timeoutMs: ASK_MS,
      intervalMs: 50,
      code: "REDIS_UNREACHABLE",
      hint: HINT,
      clock: this.#options.clock,
      probe: () => probe().catch((error: unknown) => ({ seen: oneLine(asVmrigError(error)) })),
    });
  }

  /** Records whether a server answered, and reports a change. */
  note(ballot: Ballot<unknown>): void {
    if (this.#closed) return; // commands that were still running when the store closed did not fail
    const { server } = ballot;
    if ("answer" in ballot) {
      if (this.#silent.delete(server))
        this.#options.onNews?.(`redis    ${server.shown} answers again`);
    } else if (!this.#silent.has(server)) {
      this.#silent.add(server);
      const left = this.all.length - this.#silent.size;
      this.#options.onNews?.(
        `redis    ${left} of ${this.all.length} servers answer (${this.majority} needed): ${ballot.fault.summary}`,
      );
    }
  }
}

export function successfulReplies<T>(ballots: readonly Ballot<T>[]): readonly SuccessfulReply<T>[] {
  return ballots.filter((ballot) => "answer" in ballot);
}

function oneLine({ summary, details }: VmrigError): string {
  return [summary, ...details].join(" ");
}
