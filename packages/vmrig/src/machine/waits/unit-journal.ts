import { quoteWord } from "../../ssh/quote.ts";
import { isNotBegun } from "../command/frame/not-begun.ts";
import { run } from "../command/run.ts";
import type { Watch } from "./wait-options.ts";
import { isAway } from "./tolerant.ts";

const JOURNAL_LINES = 10;
const JOURNAL_MS = 5_000;

/**
 * Returns the last lines of the unit's journal. A failure to read them must not hide the actual
 * error.
 */
export async function lastLines({ root, context }: Watch, name: string): Promise<string[]> {
  const line = `journalctl --no-pager --quiet --output=short-iso --lines=${JOURNAL_LINES} --unit=${quoteWord(name)}`;
  try {
    const { stdout, failed, stderr } = await run(
      root,
      { line },
      { reject: false, timeout: JOURNAL_MS },
    );
    if (failed) return [`its journal could not be read: ${stderr.trim().split("\n").at(-1) ?? ""}`];
    if (stdout === "") return ["its journal is empty"];
    return [`its journal, last lines:`, ...stdout.split("\n").map((one) => `  ${one}`)];
  } catch (error) {
    if (isNotBegun(error)) return [`its journal could not be read: ${error.reason}`];
    if (!isAway(error)) throw error;
    return [`its journal could not be read: ${context.name} cannot be reached`];
  }
}
