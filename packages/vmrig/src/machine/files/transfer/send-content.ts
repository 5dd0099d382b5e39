import type { ExecutionContext } from "../../command/execution-context.ts";
import type { RawResult } from "../../command/run.ts";
import { attempt, type Task } from "../attempt.ts";

/**
 * Runs a line that reads content and recognises content that ends too early. When the content
 * fails, it ends there: the line then cleans up by itself, in every phase of its start. A signal
 * that arrives before sshd has started the shell is lost.
 *
 * @throws the error of the content, or that of the line
 */
export async function sendContent(
  context: ExecutionContext,
  task: Task,
  line: string,
  content: AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
): Promise<RawResult> {
  let failure: { readonly error: unknown } | undefined;
  async function* untilFailure(): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* content;
    } catch (error) {
      failure = { error };
    }
  }
  const sent = (): { readonly error: unknown } | undefined => failure;
  try {
    const result = await attempt(context, task, line, { input: untilFailure(), signal });
    const failed = sent();
    if (failed !== undefined) throw failed.error;
    return result;
  } catch (error) {
    throw sent()?.error ?? error;
  }
}
