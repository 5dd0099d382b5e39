/** Progress of a copy. Both numbers count bytes of file content, without names. */
export interface Progress {
  readonly bytes: number;
  readonly total: number;
}

export interface TransferOptions {
  /**
   * Called during the copy and once at its end. For a folder, the total size costs one walk through
   * it.
   */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Cancels the copy and removes the partial result. The end of the test also cancels it. */
  readonly signal?: AbortSignal | undefined;
}
