/**
 * How much of the content has been sent or has arrived. Both count bytes of content of files, not
 * names.
 */
export interface Progress {
  readonly bytes: number;
  readonly total: number;
}

export interface TransferOptions {
  /** Called as it goes on, and once at the end. Of a folder the total costs a walk through it. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /**
   * Ends it, and takes away what was written so far. The end of the test's time does so in any
   * case.
   */
  readonly signal?: AbortSignal | undefined;
}
