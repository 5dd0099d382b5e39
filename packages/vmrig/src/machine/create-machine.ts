import { quoteWord } from "../ssh/quote.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { CommandPromise } from "./command/command.ts";
import { checkCommandOptions, type CommandOptions } from "./command/command-options.ts";
import { createFile } from "./files/file.ts";
import { download } from "./files/transfer/download.ts";
import { glob } from "./files/glob.ts";
import { createTmpdir } from "./files/tmpdir.ts";
import { upload } from "./files/transfer/upload.ts";
import { createLink } from "./link.ts";
import { start } from "./command/run.ts";
import type { CommandLine, ExecutionContext } from "./command/execution-context.ts";
import { checkLength } from "./command/script/argument-length.ts";
import { sudo } from "./command/script/become.ts";
import { createTag, type CommandTag } from "./command/template/tag.ts";
import { createFaults } from "./faults/faults.ts";
import { createNetwork } from "./network/network.ts";
import { createReconnectHooks } from "./network/reconnect-hooks.ts";
import { createResources } from "./resources/resources.ts";
import { openShell } from "./shell/open-shell.ts";
import { createWaits } from "./waits/waits.ts";
import type { MachineOptions } from "./machine-options.ts";
import type { Machine } from "./machine.ts";

export function createMachine(options: MachineOptions): Machine {
  const {
    name,
    address,
    user: loginUser,
    signal,
    scope,
    onCleanup,
    clock,
    observer,
    become = sudo,
    control,
  } = options;
  const reconnectHooks = createReconnectHooks();
  const link = createLink(options.connect, reconnectHooks.greet);
  const reconnect = async (): Promise<void> => void (reconnectHooks.any && (await link()));

  const contextOf = (user: string): ExecutionContext => ({
    name,
    user,
    link,
    ...(user === loginUser ? {} : { become }),
    ...(signal === undefined ? {} : { signal }),
    ...(scope === undefined ? {} : { scope }),
    ...(clock === undefined ? {} : { clock }),
    ...(observer === undefined ? {} : { observer }),
  });

  const as = (user: string): Machine => {
    const context = contextOf(user);
    return {
      ...createFaults({ context, self: () => as(user), control, back: reconnect }),
      ...createResources(context),
      ...createNetwork({ context, reconnectHooks, become, onCleanup }),
      ...createWaits({ context, root: contextOf("root"), clock, since: options.since }),
      name,
      address,
      user,
      get root() {
        return as("root");
      },
      as,
      $: createTag<CommandOptions, CommandPromise>(
        (more) => checkCommandOptions(`${name}.$()`, more),
        (line, bound) => start(context, () => ({ line: line() }), bound),
      ) as CommandTag,
      exec: (file, args, more) =>
        start(
          context,
          () => {
            checkCommandOptions(`${name}.exec()`, more);
            return toExecLine(name, file, args);
          },
          more ?? {},
        ),
      file: (path) => createFile(context, path),
      upload: (local, remote, more = {}) => upload(context, local, remote, more),
      download: (remote, local, more = {}) => download(context, remote, local, more),
      glob: (pattern) => glob(context, pattern),
      async tmpdir() {
        const folder = await createTmpdir(context);
        onCleanup?.(() => folder.remove());
        return folder;
      },
      async shell(more) {
        const shell = await openShell(context, more);
        onCleanup?.(() => shell.close());
        return shell;
      },
    };
  };
  return as(loginUser);
}

function toExecLine(name: string, file: string, args: readonly string[] = []): CommandLine {
  const given: unknown = args;
  if (!Array.isArray(given)) {
    throw new VmrigError("COMMAND_INVALID", {
      message: `The arguments of ${name}.exec() must be a list, not ${typeof given === "object" ? "an object" : `a ${typeof given}`}.`,
      hint: "the options come after the arguments: exec(file, [], options)",
    });
  }
  const command = [file, ...args]
    .map((word, index) => quoteWord(checkLength(`Argument ${index}`, word)))
    .join(" ");
  return { line: `exec ${command}`, command };
}
