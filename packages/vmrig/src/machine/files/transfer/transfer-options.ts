import type { OptionNames } from "../../../errors/check-options.ts";
import type { FileStat } from "../file-stat.ts";

/** A file or folder below the copied folder. Plain data. */
export interface TransferEntry {
  /** Path relative to the copied folder: `src/main.ts`. */
  readonly path: string;
  readonly type: FileStat["type"];
  readonly mode: number;
  readonly bytes: number;
  readonly modified: Date;
}

/** Progress of a copy. Both numbers count bytes of file content, without names. */
export interface Progress {
  readonly bytes: number;
  readonly total: number;
}

export interface TransferOptions {
  /**
   * Patterns of files and folders that are not copied, such as `.git`, `*.log` or `dist/**`. A
   * pattern without a slash matches a name in every folder; any other pattern matches the path
   * below the copied folder. A trailing slash matches folders only.
   */
  readonly exclude?: string | readonly string[] | undefined;
  /**
   * Returns whether a file, or a folder with all its content, is copied. Not called for the copied
   * folder itself, or for what `exclude` or an ignore file matches.
   */
  readonly filter?: ((entry: TransferEntry) => boolean) | undefined;
  /**
   * Called during the copy and once at its end.
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Cancels the copy and removes the partial result. The end of the test also cancels it. */
  readonly signal?: AbortSignal | undefined;
}

export const TRANSFER_OPTIONS: OptionNames<TransferOptions> = {
  exclude: true,
  filter: true,
  onProgress: true,
  signal: true,
};

export interface UploadOptions extends TransferOptions {
  /**
   * Name of the ignore files, such as `.gitignore`. What they list is not copied. The file in a
   * folder applies to this folder and those below, as in git.
   */
  readonly ignoreFile?: string | undefined;
  /**
   * Mode of the uploaded files, such as `0o644`. `"git"` gives the modes of a checkout with the
   * umask 022: 0755 for folders and for files that their owner can execute, 0644 for other files.
   *
   * @defaultValue the modes on this computer
   */
  readonly mode?: number | "git" | undefined;
  /**
   * Mode of the new folders, such as `0o755`. Existing folders keep their mode.
   *
   * @defaultValue the modes on this computer, or 0755 with `mode: "git"`
   */
  readonly folderMode?: number | undefined;
  /**
   * Whether a file replaces the existing file, so that readers see the old or the new content.
   * `false` writes into the existing file, for its hard links and for programs that keep it open.
   *
   * @defaultValue true
   */
  readonly atomic?: boolean | undefined;
}

export const UPLOAD_OPTIONS: OptionNames<UploadOptions> = {
  ...TRANSFER_OPTIONS,
  ignoreFile: true,
  mode: true,
  folderMode: true,
  atomic: true,
};
