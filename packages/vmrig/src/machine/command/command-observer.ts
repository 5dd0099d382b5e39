/** A command that begins. */
export interface CommandStarted {
  readonly machine: string;
  readonly user: string;
  /** For people. */
  readonly command: string;
  /** One look of many: those of one name may be told together. */
  readonly look: string | undefined;
  /**
   * What was given to it and is not to be shown to others: values of its environment, its input.
   */
  readonly secrets: ReadonlyArray<string | Uint8Array>;
  /** What it has printed so far, where that is kept. */
  readonly printed: () => Printed;
  /** Of a shell: what was typed, and what is seen of it. */
  readonly shown?: () => readonly string[];
}

export interface Printed {
  readonly stdout: Buffer | undefined;
  readonly stderr: Buffer | undefined;
}

/** What is told of a command after it has begun. */
export interface CommandEnded {
  /** Its end, in words: `exited with 1 after 0.2 s.` */
  ended(how: string): void;
  /** It was given something more that is not to be shown to others. */
  secret(secret: string): void;
}

/** Sees every command of a machine begin, and every shell that is used. */
export type CommandObserver = (begun: CommandStarted) => CommandEnded;
