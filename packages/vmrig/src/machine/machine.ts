import type { CommandPromise } from "./command/command.ts";
import type { OutputOf } from "./command/outcome/command-result.ts";
import type { CommandOptions } from "./command/command-options.ts";
import type { MachineFile } from "./files/file.ts";
import type { TransferResult } from "./files/transfer/result.ts";
import type { TransferOptions, UploadOptions } from "./files/transfer/transfer-options.ts";
import type { TemporaryFolder } from "./files/tmpdir.ts";
import type { CommandTag } from "./command/template/tag.ts";
import type { MachineFaults } from "./faults/faults.ts";
import type { MachineNetwork } from "./network/network.ts";
import type { MachineResources } from "./resources/resources.ts";
import type { ShellOptions } from "./shell/options.ts";
import type { Shell } from "./shell/shell.ts";
import type { MachineWaits } from "./waits/waits.ts";

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
  upload(local: string, remote: string, options?: UploadOptions): Promise<TransferResult>;
  /**
   * Copies a file or folder of the machine to this computer, in the way {@link Machine.upload}
   * does.
   */
  download(remote: string, local: string, options?: TransferOptions): Promise<TransferResult>;
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
