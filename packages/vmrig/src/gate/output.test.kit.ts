import { waitFor } from "../wait/wait-for.ts";

/** Waits until a run has printed a matching line. @returns the line */
export async function lineOf(logLines: readonly string[], words: RegExp): Promise<string> {
  return waitFor({
    what: `the run to print ${words}`,
    timeoutMs: 60_000,
    intervalMs: 10,
    probe: async () => {
      const line = logLines.find((candidate) => words.test(candidate));
      return line === undefined ? { seen: logLines.join("\n") } : { value: line };
    },
  });
}
