/** Folders of a user's copies on this computer. Absolute paths. */
export interface CopiesFolders {
  /** Parent of the folders of the copies, which have the copies' names. May not exist. */
  readonly copies: string;
  /** Parent of the runtime folders of the copies, which have the copies' names. May not exist. */
  readonly runtime: string;
  readonly cache: string;
}

/** A process or resource of a driver that no longer belongs to a copy. */
export interface Orphan {
  /** One line for people: what the orphan is, where it is, and why it has no owner. */
  readonly what: string;
  readonly copy?: string;
  /** Stops or deletes the orphan, unless it has an owner again. Succeeds when it is gone. */
  remove(): Promise<void>;
}
