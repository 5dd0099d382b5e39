import { waitFor } from "../wait/wait-for.ts";

/** Waits until a run has said a line. @returns it */
export async function lineOf(said: readonly string[], words: RegExp): Promise<string> {
  return waitFor({
    what: `the run to say ${words}`,
    timeoutMs: 60_000,
    intervalMs: 10,
    probe: async () => {
      const line = said.find((candidate) => words.test(candidate));
      return line === undefined ? { seen: said.join("\n") } : { value: line };
    },
  });
}
