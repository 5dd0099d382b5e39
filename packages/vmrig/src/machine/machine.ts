import type { Clock } from "../clock/clock.ts";
import { quoteWord } from "../ssh/quote.ts";
import type { SshConnection } from "../ssh/connection.ts";
import type { CommandOptions, CommandPromise, OutputOf } from "./command/command.ts";
import { createFile, type MachineFile } from "./files/file.ts";
import { download } from "./files/download.ts";
import { glob } from "./files/glob.ts";
import type { TransferOptions } from "./files/progress.ts";
import { createTmpdir, type TemporaryFolder } from "./files/tmpdir.ts";
import { upload } from "./files/upload.ts";
import { createLink } from "./link.ts";
import { start, type CommandLine, type ExecutionContext } from "./command/run.ts";
import { checkLength, sudo, type Become } from "./command/script.ts";
import { createTag, type CommandTag } from "./command/tag.ts";
import { createFaults, type MachineFaults } from "./faults/faults.ts";
import type { MachineControl } from "./faults/machine-control.ts";
import { createNetwork, type MachineNetwork } from "./network/network.ts";
import { createReconnectHooks } from "./network/reconnect-hooks.ts";
import { createResources, type MachineResources } from "./resources/resources.ts";
import type { ShellOptions } from "./shell/options.ts";
import { openShell, type Shell } from "./shell/shell.ts";
import type { CommandObserver } from "./command/command-observer.ts";
import { createWaits, type MachineWaits } from "./waits/waits.ts";

/** One VM of a rig, as one of its users: what a test holds. */
export interface Machine extends MachineResources, MachineWaits, MachineFaults, MachineNetwork {
  readonly name: string;
  /** By which the other machines of the rig reach it. */
  readonly address: string;
  /** Who runs the commands. */
  readonly user: string;
  /** The same machine and connection as root. */
  readonly root: Machine;
  /** The same machine and connection as another user, through `sudo -n`. */
  as(user: string): Machine;
  /**
   * Runs a line of the login user's shell: `` await pc1.$`rsync -a ${folder} ${pc2.address}:dst/`
   * ``. Values are quoted. With options: `` pc1.$({ reject: false })`cmd` ``. It begins at once;
   * the promise is also a handle on what runs.
   *
   * @throws CommandError `COMMAND_FAILED`, `COMMAND_TIMEOUT` or `CANCELLED`, with the fields of the
   *   result
   * @throws VmrigError `CONNECTION_LOST` when the machine went away under the command, also with
   *   `reject: false`
   */
  readonly $: CommandTag;
  /**
   * Runs a program, not a shell line: nothing is expanded, and what the shell has built in does not
   * count. Throws as `$` does.
   */
  exec<const Options extends CommandOptions = object>(
    file: string,
    args?: readonly string[],
    options?: Options,
  ): CommandPromise<OutputOf<Options>>;
  file(path: string): MachineFile;
  /**
   * Copies a file or folder of this computer to that name, with modes, times and symbolic links, as
   * this user's own. A file replaces what has the name at once, or not at all; a folder becomes one
   * with that which is there.
   *
   * @throws VmrigError `FILE_FAILED`; nothing is then left of it. What a command throws when it is
   *   cancelled or lost
   */
  upload(local: string, remote: string, options?: TransferOptions): Promise<void>;
  /** The same from the machine to this computer. */
  download(remote: string, local: string, options?: TransferOptions): Promise<void>;
  /**
   * The paths that match, sorted: `*`, `?`, `[a-z]`, `{a,b}`, `**`. A dot at the beginning of a
   * name must be written.
   */
  glob(pattern: string): Promise<readonly string[]>;
  /** A fresh folder of this user, 0700, gone at the end of the test or of its `await using`. */
  tmpdir(): Promise<TemporaryFolder>;
  /**
   * Opens a terminal with the login shell, or a program, and hands on the keyboard and the screen:
   * for prompts and full-screen programs. At the end of the test, or of its `await using`, all that
   * runs there is ended.
   */
  shell(options?: ShellOptions): Promise<Shell>;
}

export interface MachineOptions {
  readonly name: string;
  readonly address: string;
  /** Who logs in. */
  readonly user: string;
  /**
   * Dials. Called when a connection is needed and there is none, one call at a time. Whoever passes
   * it closes what it made.
   */
  readonly connect: () => Promise<SshConnection>;
  /**
   * Aborts when the machine is taken away: ends every command, whose errors have its reason as
   * their cause.
   */
  readonly signal?: AbortSignal;
  /**
   * The signal of what runs now, such as a test: it ends the commands that begin in its time. Asked
   * when a command begins.
   */
  readonly scope?: () => AbortSignal | undefined;
  /**
   * Takes what is to be done at the end of what runs now, such as a test. Without it whoever makes
   * a temporary folder removes it.
   */
  readonly onCleanup?: (work: () => Promise<void>) => void;
  readonly clock?: Clock;
  /** What is done to it from outside. @defaultValue nobody may */
  readonly control?: MachineControl;
  /**
   * When the test began, by which `waitForLog` tells new lines from old ones.
   *
   * @defaultValue all lines since the boot count
   */
  readonly since?: () => Date | undefined;
  /** Who sees what is run now: asked when a command begins. */
  readonly observer?: () => CommandObserver | undefined;
  /** @defaultValue `sudo -n` */
  readonly become?: Become;
}

export function createMachine(options: MachineOptions): Machine {
  const {
    name,
    address,
    user: login,
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
  const back = async (): Promise<void> => void (reconnectHooks.any && (await link()));

  const contextOf = (user: string): ExecutionContext => ({
    name,
    user,
    link,
    ...(user === login ? {} : { become }),
    ...(signal === undefined ? {} : { signal }),
    ...(scope === undefined ? {} : { scope }),
    ...(clock === undefined ? {} : { clock }),
    ...(observer === undefined ? {} : { observer }),
  });

  const as = (user: string): Machine => {
    const context = contextOf(user);
    return {
      ...createFaults({ context, self: () => as(user), control, back }),
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
      $: createTag<CommandOptions, CommandPromise>((line, bound) =>
        start(context, () => ({ line: line() }), bound),
      ) as CommandTag,
      exec: (file, args = [], more) => start(context, () => toExecLine(file, args), more ?? {}),
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
  return as(login);
}

function toExecLine(file: string, args: readonly string[]): CommandLine {
  const command = [file, ...args]
    .map((word, index) => quoteWord(checkLength(`Argument ${index}`, word)))
    .join(" ");
  return { line: `exec ${command}`, command };
}
