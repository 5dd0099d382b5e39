import type { Duplex } from "node:stream";
import { asVmrigError, type VmrigError } from "../../errors/vmrig-error.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import type { CommandEnded } from "../command/command-observer.ts";
import { pipeBothWays, reset } from "./pipe-both-ways.ts";

/** The connections through one forward, in whichever direction. */
export interface Traffic {
  /** How many are open now. */
  readonly open: number;
  /** Why the last one that did not come about did not. */
  readonly refused: VmrigError | undefined;
  /** Puts it into the transcript. */
  begin(title: string): void;
  /** Opens the far end for a near one that is there, and passes bytes between them. */
  carry(near: Duplex, open: (signal: AbortSignal) => Promise<Duplex>): Promise<void>;
  /** Remembers, and puts into the transcript. */
  refuse(error: unknown): void;
  /** Ends them all, and resolves when they have ended. */
  close(): Promise<void>;
}

/** Of those who were refused: the last ones. */
const MOST_TOLD = 20;

export function createTraffic(
  context: ExecutionContext,
  explain: (error: unknown) => VmrigError = asVmrigError,
): Traffic {
  const streams = new Set<Duplex>();
  const over = new AbortController();
  const near = { open: 0, count: 0 };
  const told: string[] = [];
  let refused: VmrigError | undefined;
  let tell: CommandEnded | undefined;

  const hold = (stream: Duplex): void => {
    if (stream.closed) return;
    streams.add(stream);
    stream.once("close", () => streams.delete(stream));
  };
  const refuse = (error: unknown): void => {
    refused = explain(error);
    if (told.at(-1) !== refused.summary && told.push(refused.summary) > MOST_TOLD) told.shift();
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
      tell = context.observer?.()?.({
        machine: context.name,
        user: context.user,
        command: title,
        look: undefined,
        secrets: [],
        printed: () => ({
          stdout: undefined,
          stderr: told.length === 0 ? undefined : Buffer.from(told.join("\n")),
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
      // Told to whoever is at the other end, once there is one.
      stream.on("error", () => {});
      hold(stream);
      const enough = AbortSignal.any([gone.signal, over.signal]);
      try {
        const far = await open(enough);
        far.on("error", () => {});
        hold(far);
        // Its connection may have ended in the moment that it was opened.
        if (enough.aborted || far.destroyed) [far, stream].forEach(reset);
        else pipeBothWays(stream, far);
      } catch (error) {
        if (!enough.aborted) refuse(error);
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
      tell?.ended(`closed after ${near.count} ${near.count === 1 ? "connection" : "connections"}`);
    },
  };
}
