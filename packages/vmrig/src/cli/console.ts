import { waitFor } from "../wait/wait-for.ts";

/** The console of one machine, and the function that prints it. */
export interface Console {
  readonly name: string;
  /** Reads the whole console from its beginning. */
  readonly read: () => AsyncIterable<string>;
  readonly print: (text: string) => void;
}

const POLL_MS = 250;

/** Prints the console after its first `known` characters. @returns its length in characters */
export async function readConsole({ read, print }: Console, known: number): Promise<number> {
  let length = 0;
  for await (const text of read()) {
    if (length + text.length > known) print(text.slice(Math.max(0, known - length)));
    length += text.length;
  }
  return length;
}

/**
 * Prints the console and all new output until the signal aborts. A console that got shorter was
 * restarted: its machine was created or started again. It is printed from the beginning.
 */
export async function followConsole(console: Console, signal: AbortSignal): Promise<void> {
  let known = 0;
  while (!signal.aborted) {
    known = await waitFor({
      what: "new console output",
      on: console.name,
      timeoutMs: Number.POSITIVE_INFINITY,
      intervalMs: POLL_MS,
      signal,
      probe: async () => {
        const length = await readConsole(console, known);
        if (length === known) return { seen: "nothing new" };
        return { value: length < known ? 0 : length };
      },
    }).catch((error: unknown) => {
      if (signal.aborted) return known;
      throw error;
    });
  }
}
