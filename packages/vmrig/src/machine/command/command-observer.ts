/** Describes a command that has started. */
export interface CommandStarted {
  readonly machine: string;
  readonly user: string;
  /** The command, as shown to people. */
  readonly command: string;
  /**
   * Name of a query, if the command is one. Repeated queries with one name may be reported
   * together.
   */
  readonly query: string | undefined;
  /** Values that must not be shown: values of the environment, the input. */
  readonly secrets: ReadonlyArray<string | Uint8Array>;
  /** Returns the output so far, where it is kept. */
  readonly printed: () => Printed;
  /** Of a shell: returns the typed text and the current screen. */
  readonly shown?: () => readonly string[];
}

export interface Printed {
  readonly stdout: Buffer | undefined;
  readonly stderr: Buffer | undefined;
}

/** Receives the further events of a command that has started. */
export interface CommandEnded {
  /** Reports the end of the command in words: `exited with 1 after 0.2 s.` */
  ended(how: string): void;
  /** Reports one more value that must not be shown. */
  secret(secret: string): void;
}

/** Receives every command that starts on a machine, and every shell that is used. */
export type CommandObserver = (begun: CommandStarted) => CommandEnded;
