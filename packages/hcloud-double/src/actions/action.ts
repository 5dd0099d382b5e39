import type { Held } from "../project/records.ts";

export interface ActionError {
  readonly code: string;
  readonly message: string;
}

export interface ActionResource {
  readonly id: number;
  readonly type: string;
}

/** As the API shows it. */
export interface Action {
  readonly id: number;
  readonly command: string;
  status: "running" | "success" | "error";
  progress: number;
  readonly started: string;
  finished: string | null;
  error: ActionError | null;
  readonly resources: readonly ActionResource[];
}

export interface ActionPlan {
  /** What the action holds until it ends: a server is locked, other resources refuse changes. */
  readonly holds?: readonly Held[];
  /** Actions that end before this one begins. If one of them fails, this one fails. */
  readonly after?: readonly Action[];
  /** Begins even if an action of `after` failed. */
  readonly evenAfterFailure?: boolean;
  readonly begin?: () => void;
  /** The work that takes time. */
  readonly work?: () => Promise<void>;
  readonly succeed?: () => void;
  readonly fail?: () => void;
}
