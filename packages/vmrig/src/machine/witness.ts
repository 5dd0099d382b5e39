/** A command that begins. */
export interface Begun {
  readonly machine: string;
  readonly user: string;
  /** For people. */
  readonly command: string;
  /** One look of many: those of one name may be told together. */
  readonly look: string | undefined;
  /** What was given to it and is not to be shown to others: values of its environment, its input. */
  readonly secrets: ReadonlyArray<string | Uint8Array>;
  /** What it has printed so far, where that is kept. */
  readonly printed: () => Printed;
}

export interface Printed {
  readonly stdout: Buffer | undefined;
  readonly stderr: Buffer | undefined;
}

/** Sees every command of a machine begin. @returns what is told of its end in words: `exited with 1 after 0.2 s.` */
export type Witness = (begun: Begun) => (end: string) => void;
