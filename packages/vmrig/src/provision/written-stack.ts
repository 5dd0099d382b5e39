/** The stack as it was written. */
export interface WrittenStack {
  /** Names of the local resources, each with the hash of the values that it is replaced on. */
  readonly declared: ReadonlyMap<string, string>;
  /** Addresses of all resources by name, without the owner. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Attributes, by resource type, whose in-place change restarts or rewrites a machine. */
  readonly disruptive: Readonly<Record<string, readonly string[]>>;
  /** Names of variables that providers read from the user's environment. */
  readonly environment: ReadonlySet<string>;
}
