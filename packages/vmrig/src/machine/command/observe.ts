import type { CommandEnded, Printed } from "./command-observer.ts";
import type { CommandOptions } from "./command-options.ts";
import type { CommandLine, ExecutionContext } from "./execution-context.ts";

/** Reports the start of a command to the current observer, if there is one. */
export function observe(
  { name, user, observer }: Pick<ExecutionContext, "name" | "user" | "observer">,
  line: CommandLine,
  {
    env = {},
    input,
    printed,
  }: Pick<CommandOptions, "env" | "input"> & { readonly printed: () => Printed },
): CommandEnded | undefined {
  return observer?.()?.({
    machine: name,
    user,
    command: line.command ?? line.line,
    query: line.look,
    secrets: [
      ...Object.values(env).filter((value) => value !== undefined),
      ...(line.internal !== true && (typeof input === "string" || input instanceof Uint8Array)
        ? [input]
        : []),
    ],
    printed,
  });
}
