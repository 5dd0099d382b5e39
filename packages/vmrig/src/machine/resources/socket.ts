import type { ExecutionContext } from "../command/execution-context.ts";
import { query } from "./query.ts";
import type { QueryTarget } from "./query-target.ts";
import type { Listener } from "./listener.ts";
import type { SocketTarget } from "./socket-target.ts";

export interface Socket extends QueryTarget<"socket"> {
  /** Lists the matching listeners. @throws VmrigError `INSPECTION_FAILED` */
  listeners(): Promise<readonly Listener[]>;
  isListening(): Promise<boolean>;
}

export function createSocket(context: ExecutionContext, target: SocketTarget): Socket {
  const listeners = async (): Promise<readonly Listener[]> =>
    (await readListeners(context, target)).filter(target.matches);
  return {
    kind: "socket",
    machine: context.name,
    user: context.user,
    title: target.title,
    listeners,
    isListening: async () => (await listeners()).length > 0,
  };
}

/** Reads all listeners of the target's kind. */
export async function readListeners(
  context: ExecutionContext,
  { title, file, among }: SocketTarget,
  signal?: AbortSignal,
): Promise<readonly Listener[]> {
  const { stdout } = await query(context, `cat ${file} 2>/dev/null`, {
    title,
    signal,
    answers: [0, 1],
  });
  return among(stdout);
}
