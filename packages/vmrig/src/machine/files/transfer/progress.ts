/** Progress of a copy. Both numbers count bytes of file content, without names. */
export interface Progress {
  readonly bytes: number;
  readonly total: number;
}
