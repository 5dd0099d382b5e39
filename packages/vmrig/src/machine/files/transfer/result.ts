/** Something that is not in a copy. */
export interface LeftOut {
  /** Path below the copied folder, or the path of the copied file. */
  readonly path: string;
  /** The reason: `a socket`. */
  readonly why: string;
}

/** Result of a copy. Plain data. */
export interface TransferResult {
  /** Number of copied files and links, without folders. */
  readonly files: number;
  /** Size of their content. */
  readonly bytes: number;
  /** What is not in the copy, except what the options excluded. */
  readonly leftOut: readonly LeftOut[];
  /**
   * Paths of downloaded files that changed while the machine read them: their content may be mixed.
   * An upload reads such files again, and fails if they change again.
   */
  readonly changed: readonly string[];
}

/** Reasons for {@link LeftOut}. */
export const VANISHED = "it vanished during the copy";
export const UNCOPYABLE: Readonly<Record<string, string>> = {
  socket: "a socket",
  device: "a device",
};
