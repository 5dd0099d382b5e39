import type { CommandResult } from "./command-result.ts";
import { isCommandError } from "./error.ts";
import { outcome as outcomeOf } from "./in-words.ts";
import { verdict, type Outcome } from "./outcome.ts";
import type { Running } from "../running.ts";

/**
 * Combines the outcome of a command with the outcomes of its sources. The command's own failure
 * takes precedence and names the failures of the sources, because it may be a consequence of them.
 *
 * @throws the error of a source when the command itself has not failed
 */
export async function conclude(running: Running): Promise<Outcome> {
  const [own, ...sources] = await Promise.allSettled([
    running.outcome,
    ...running.sources.map(async (source) => {
      const outcome = await conclude(source);
      return outcome.stop?.why === "unread" ? outcome.result : verdict(outcome);
    }),
  ]);
  if (own.status === "rejected") throw own.reason;
  const pipedFrom = sources.flatMap((source) => {
    const end: unknown = source.status === "fulfilled" ? source.value : source.reason;
    return source.status === "fulfilled" || isCommandError(end)
      ? [end as CommandResult<unknown>]
      : [];
  });
  const broken = sources.find((source) => source.status === "rejected");
  if (broken !== undefined && !own.value.throws) throw broken.reason;
  const { result, circumstances } = own.value;
  const notes = [
    ...circumstances.notes,
    ...pipedFrom
      .filter((end) => end.failed)
      .map(
        (end) =>
          `its input came from \`${end.command}\` on ${end.machine}, which ${outcomeOf(end)}`,
      ),
  ];
  return {
    ...own.value,
    result: { ...result, pipedFrom },
    circumstances: { ...circumstances, notes },
  };
}
