import { randomInt, randomUUID } from "node:crypto";
import type { Clock } from "../../../../clock/clock.ts";
import type { Fence } from "../../../../driver/driver.ts";
import { asVmrigError } from "../../../../errors/vmrig-error.ts";
import { successfulReplies, type Servers } from "../../../../lease/backends/quorum/servers.ts";
import type { Script } from "../../../../redis/script.ts";
import { waitFor, type Observation } from "../../../../wait/wait-for.ts";
import type { FencedOutcome } from "../../state-store.ts";
import { compareBallots, parseBallot, type Ballot } from "./ballot.ts";
import { ACCEPT, PREPARE } from "./scripts.ts";

/** What a register holds: version 0 has an empty record. */
export interface RegisterValue {
  readonly version: number;
  readonly record: string;
}

export interface RegisterOptions {
  readonly servers: Servers;
  readonly keys: readonly string[];
  readonly clock: Clock;
}

export interface Change<T> {
  readonly fence: Fence;
  /** Whether `decide` needs the text of the newest record. */
  readonly needsText: boolean;
  /** Returns the value to store, or why the change is not made. */
  readonly decide: (
    newest: RegisterValue,
  ) => { readonly store: RegisterValue } | { readonly refuse: T };
}

export type Changed<T> =
  | { readonly stored: RegisterValue }
  | { readonly refused: T | FencedOutcome };

const CHANGE_MS = 5000;

/**
 * Changes a register that one Redis holds, or a majority of several (CASPaxos, Rystsov 2018: Paxos
 * for a value that is replaced by a function of itself).
 *
 * 1. A majority promises to refuse smaller ballots, and returns its values.
 * 2. `decide` looks at the value with the largest ballot. A write that only some servers received
 *    may be among them.
 * 3. A majority stores the new value.
 *
 * The fence is the larger part of a ballot. So a change of an earlier lease, wherever it was
 * delayed, finds no majority once a later lease has made its first change.
 *
 * @returns the stored value, or why the change is refused: by `decide`, or because of a larger
 *   fence
 * @throws VmrigError `REDIS_UNREACHABLE`: unknown whether the value was stored
 */
export async function changeRegister<T>(
  { servers, keys, clock }: RegisterOptions,
  { fence, needsText, decide }: Change<T>,
): Promise<Changed<T>> {
  const proposer = randomUUID();
  let round = 0;

  const send = async (script: Script, args: readonly (string | number)[]) => {
    const ballots = await servers.poll(async (server) =>
      parseReply(await server.run(script, keys, [fence, round, proposer, ...args])),
    );
    const replies = successfulReplies(ballots).map(({ answer }) => answer);
    if (replies.length < servers.majority) throw servers.unanswered(ballots);
    const agreed = replies.filter((reply) => "value" in reply);
    const refusals = replies.filter((reply) => "promised" in reply);
    return {
      agreed: agreed.length >= servers.majority ? agreed : undefined,
      largest: refusals
        .map(({ promised }) => promised)
        .sort(compareBallots)
        .at(-1),
    };
  };

  const attempt = async (): Promise<Observation<Changed<T>>> => {
    round += 1;
    const prepared = await send(PREPARE, [needsText ? 1 : 0]);
    if (prepared.agreed === undefined) return retry(prepared.largest);
    const newest = prepared.agreed.toSorted((a, b) => compareBallots(b.ballot, a.ballot))[0];
    if (newest === undefined) return { seen: "no answer" };
    const decision = decide(newest.value);
    if ("refuse" in decision) return { value: { refused: decision.refuse } };
    const { version, record } = decision.store;
    const accepted = await send(ACCEPT, [version, record]);
    return accepted.agreed === undefined
      ? retry(accepted.largest)
      : { value: { stored: decision.store } };
  };
  const retry = (largest: Ballot | undefined): Observation<Changed<T>> => {
    if (largest !== undefined && largest.fence > fence)
      return { value: { refused: { outcome: "fenced", fence: largest.fence } } };
    round = Math.max(round, largest?.round ?? 0);
    return { seen: "another write was in progress" };
  };

  return await waitFor({
    what: "the state to be stored in Redis",
    timeoutMs: CHANGE_MS,
    // Two writers with the same pause could refuse each other for ever.
    intervalMs: randomInt(5, 50),
    code: "REDIS_UNREACHABLE",
    hint: "check that Redis runs, is reachable from here, and allows writes",
    clock,
    probe: () =>
      attempt().catch((error: unknown) => {
        const { summary, details } = asVmrigError(error);
        return { seen: [summary, ...details].join(" ") };
      }),
  });
}

type Reply =
  | { readonly ballot: Ballot; readonly value: RegisterValue }
  | { readonly promised: Ballot };

function parseReply(reply: unknown): Reply {
  const [agreed, first, second, record] = reply as [0 | 1, string, string, string | undefined];
  return agreed === 1
    ? { ballot: parseBallot(first), value: { version: Number(second), record: record ?? "" } }
    : { promised: { fence: Number(first), round: Number(second) } };
}
