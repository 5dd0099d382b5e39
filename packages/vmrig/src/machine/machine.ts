import type { Clock } from "../clock/clock.ts";
import { quoteWord } from "../ssh/quote.ts";
import type { SshConnection } from "../ssh/connection.ts";
import type { CommandPromise } from "./command/command.ts";
import type { OutputOf } from "./command/outcome/command-result.ts";
import type { CommandOptions } from "./command/command-options.ts";
import { createFile, type MachineFile } from "./files/file.ts";
import { download } from "./files/download.ts";
import { glob } from "./files/glob.ts";
import type { TransferOptions } from "./files/progress.ts";
import { createTmpdir, type TemporaryFolder } from "./files/tmpdir.ts";
import { upload } from "./files/upload.ts";
import { createLink } from "./link.ts";
import { start, type CommandLine, type ExecutionContext } from "./command/run.ts";
import { checkLength } from "./command/script/argument-length.ts";
import { sudo, type Become } from "./command/script/become.ts";
import { createTag, type CommandTag } from "./command/template/tag.ts";
import { createFaults, type MachineFaults } from "./faults/faults.ts";
import type { MachineControl } from "./faults/machine-control.ts";
import { createNetwork, type MachineNetwork } from "./network/network.ts";
import { createReconnectHooks } from "./network/reconnect-hooks.ts";
import { createResources, type MachineResources } from "./resources/resources.ts";
import type { ShellOptions } from "./shell/options.ts";
import { openShell, type Shell } from "./shell/shell.ts";
import type { CommandObserver } from "./command/command-observer.ts";
import { createWaits, type MachineWaits } from "./waits/waits.ts";

/** One VM of a rig, seen as one of its users. Tests work with this object. */
export interface Machine extends MachineResources, MachineWaits, MachineFaults, MachineNetwork {
  readonly name: string;
  /** Address under which the other machines of the rig reach this machine. */
  readonly address: string;
  /** User that runs the commands. */
  readonly user: string;
  /** This machine as root, over the same connection. */
  readonly root: Machine;
  /** Returns this machine as another user, through `sudo -n`, over the same connection. */
  as(user: string): Machine;
  /**
   * Runs a line in the login user's shell: `` await pc1.$`rsync -a ${folder} ${pc2.address}:dst/`
   * ``. Values are quoted. Options come first: `` pc1.$({ reject: false })`cmd` ``. The command
   * starts immediately. The returned promise is also a handle on the running command.
   *
   * @throws CommandError `COMMAND_FAILED`, `COMMAND_TIMEOUT` or `CANCELLED`, with the fields of the
   *   result
   * @throws VmrigError `CONNECTION_LOST` when the connection is lost while the command runs, also
   *   with `reject: false`
   */
  readonly $: CommandTag;
  /**
   * Runs a program without a shell line: nothing is expanded, and shell builtins are not available.
   * Throws the same errors as `$`.
   */
  exec<const Options extends CommandOptions = object>(
    file: string,
    args?: readonly string[],
    options?: Options,
  ): CommandPromise<OutputOf<Options>>;
  file(path: string): MachineFile;
  /**
   * Copies a file or folder of this computer to the path `remote`, with modes, times and symbolic
   * links. The copy belongs to this user. An existing file is replaced atomically; a folder is
   * merged into an existing folder.
   *
   * @throws VmrigError `FILE_FAILED`; a failed upload leaves nothing behind. Also throws the errors
   *   of a cancelled or lost command
   */
  upload(local: string, remote: string, options?: TransferOptions): Promise<void>;
  /**
   * Copies a file or folder of the machine to this computer, in the way {@link Machine.upload}
   * does.
   */
  download(remote: string, local: string, options?: TransferOptions): Promise<void>;
  /**
   * Returns the matching paths, sorted. Supports `*`, `?`, `[a-z]`, `{a,b}` and `**`. A leading dot
   * of a name must be written in the pattern.
   */
  glob(pattern: string): Promise<readonly string[]>;
  /**
   * Creates a temporary folder of this user with mode 0700. It is removed at the end of the test or
   * of its `await using`.
   */
  tmpdir(): Promise<TemporaryFolder>;
  /**
   * Opens a terminal with the login shell or another program and gives access to its keyboard and
   * screen: for prompts and full-screen programs. All processes at the terminal are ended at the
   * end of the test or of the `await using`.
   */
  shell(options?: ShellOptions): Promise<Shell>;
}

export interface MachineOptions {
  readonly name: string;
  readonly address: string;
  /** Login user. */
  readonly user: string;
  /**
   * Opens an SSH connection. Called when a connection is needed and none is open, one call at a
   * time. The caller of {@link createMachine} closes the connections.
   */
  readonly connect: () => Promise<SshConnection>;
  /**
   * Aborts when the machine is taken away. Every command is then ended, and its error has the abort
   * reason as `cause`.
   */
  readonly signal?: AbortSignal;
  /**
   * Returns the signal of the current test or hook. The signal ends the commands that start while
   * that test or hook runs. Called when a command starts.
   */
  readonly scope?: () => AbortSignal | undefined;
  /**
   * Registers a clean-up function that runs at the end of the current test or hook. Without it, the
   * caller removes its own temporary folders.
   */
  readonly onCleanup?: (work: () => Promise<void>) => void;
  readonly clock?: Clock;
  /**
   * Power, links and checkpoints, controlled from outside the machine.
   *
   * @defaultValue not available
   */
  readonly control?: MachineControl;
  /**
   * Returns the start time of the test. `waitForLog` ignores older lines.
   *
   * @defaultValue all lines since the boot count
   */
  readonly since?: () => Date | undefined;
  /** Returns the current observer of commands. Called when a command starts. */
  readonly observer?: () => CommandObserver | undefined;
  /** @defaultValue `sudo -n` */
  readonly become?: Become;
}

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
  return as(loginUser);
}

function toExecLine(file: string, args: readonly string[]): CommandLine {
  const command = [file, ...args]
    .map((word, index) => quoteWord(checkLength(`Argument ${index}`, word)))
    .join(" ");
  return { line: `exec ${command}`, command };
}
