import type { Duplex } from "node:stream";
import { asVmrigError, type VmrigError } from "../../errors/vmrig-error.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import type { CommandEnded } from "../command/command-observer.ts";
import { pipeBothWays, reset } from "./pipe-both-ways.ts";

/** The connections through one forward, in either direction. */
export interface Traffic {
  /** Number of open connections. */
  readonly open: number;
  /** Error of the last connection that failed. */
  readonly refused: VmrigError | undefined;
  /** Adds the forward to the transcript. */
  begin(title: string): void;
  /** Opens the far side for an accepted connection, and passes bytes between both. */
  carry(near: Duplex, open: (signal: AbortSignal) => Promise<Duplex>): Promise<void>;
  /** Records an error, also in the transcript. */
  refuse(error: unknown): void;
  /** Closes all connections, and resolves when they are closed. */
  close(): Promise<void>;
}

/** Maximum number of errors in the transcript: the last ones are kept. */
const MAX_FAILURES = 20;

export function createTraffic(
  context: ExecutionContext,
  explain: (error: unknown) => VmrigError = asVmrigError,
): Traffic {
  const streams = new Set<Duplex>();
  const over = new AbortController();
  const near = { open: 0, count: 0 };
  const failures: string[] = [];
  let refused: VmrigError | undefined;
  let observed: CommandEnded | undefined;

  const hold = (stream: Duplex): void => {
    if (stream.closed) return;
    streams.add(stream);
    stream.once("close", () => streams.delete(stream));
  };
  const refuse = (error: unknown): void => {
    refused = explain(error);
    if (failures.at(-1) !== refused.summary && failures.push(refused.summary) > MAX_FAILURES)
      failures.shift();
  };

  return {
    get open() {
      return near.open;
    },
    get refused() {
      return refused;
    },
    refuse,
    begin(title) {
      observed = context.observer?.()?.({
        machine: context.name,
        user: context.user,
        command: title,
        query: undefined,
        secrets: [],
        printed: () => ({
          stdout: undefined,
          stderr: failures.length === 0 ? undefined : Buffer.from(failures.join("\n")),
        }),
      });
    },
    async carry(stream, open) {
      near.count += 1;
      near.open += 1;
      const gone = new AbortController();
      stream.once("close", () => {
        near.open -= 1;
        gone.abort();
      });
      // The error reaches the far side as soon as it is open.
      stream.on("error", () => {});
      hold(stream);
      const openSignal = AbortSignal.any([gone.signal, over.signal]);
      try {
        const far = await open(openSignal);
        far.on("error", () => {});
        hold(far);
        // The SSH connection may have ended while the far side opened.
        if (openSignal.aborted || far.destroyed) [far, stream].forEach(reset);
        else pipeBothWays(stream, far);
      } catch (error) {
        if (!openSignal.aborted) refuse(error);
        reset(stream);
      }
    },
    async close() {
      over.abort();
      const ends = [...streams].map(
        (stream) => new Promise<void>((resolve) => stream.once("close", () => resolve())),
      );
      for (const stream of streams) reset(stream);
      await Promise.all(ends);
      observed?.ended(
        `closed after ${near.count} ${near.count === 1 ? "connection" : "connections"}`,
      );
    },
  };
}
