import { waitFor } from "../wait/wait-for.ts";

/** What one machine wrote so far, to be printed. */
export interface Console {
  readonly name: string;
  /** All of it, from its beginning. */
  readonly read: () => AsyncIterable<string>;
  readonly print: (text: string) => void;
}

const LOOK_MS = 250;

/** Prints what comes after the first `known` characters. @returns how many there are */
export async function readConsole({ read, print }: Console, known: number): Promise<number> {
  let length = 0;
  for await (const text of read()) {
    if (length + text.length > known) print(text.slice(Math.max(0, known - length)));
    length += text.length;
  }
  return length;
}

/**
 * Prints all there is and what comes, until the signal aborts. A console that got shorter began
 * anew: its machine was made or started again.
 */
export async function followConsole(console: Console, signal: AbortSignal): Promise<void> {
  let known = 0;
  while (!signal.aborted) {
    known = await waitFor({
      what: "more of the console",
      on: console.name,
      timeoutMs: Number.POSITIVE_INFINITY,
      intervalMs: LOOK_MS,
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
