import type { Held } from "../project/records.ts";
import type { Action, ActionError, ActionPlan, ActionResource } from "./action.ts";
import { ActionFaults } from "./action-faults.ts";

/** The API's action ids exceed 32 bits. */
const FIRST_ID = 600_000_000_000_001;

/** The actions of a project. They run in the background, and are kept forever. */
export class Actions {
  readonly faults = new ActionFaults();
  readonly #delay: (action: Action) => Promise<unknown>;
  readonly #timestamp: () => string;
  readonly #all = new Map<number, Action>();
  readonly #ends = new Map<number, Promise<void>>();

  constructor(options: {
    /** An action does not end before its promise is fulfilled. */
    readonly delay: (action: Action) => Promise<unknown>;
    readonly timestamp: () => string;
  }) {
    this.#delay = options.delay;
    this.#timestamp = options.timestamp;
  }

  get all(): readonly Action[] {
    return [...this.#all.values()];
  }

  /** The running actions that hold a resource. */
  holding({ heldBy }: Held): Action[] {
    return this.all.filter(({ id }) => heldBy.has(id));
  }

  /** Starts an action. It is `running` at once, and ends in the background. */
  start(command: string, resources: readonly ActionResource[], plan: ActionPlan = {}): Action {
    const action: Action = {
      id: FIRST_ID + this.#all.size,
      command,
      status: "running",
      progress: 0,
      started: this.#timestamp(),
      finished: null,
      error: null,
      resources,
    };
    this.#all.set(action.id, action);
    for (const { heldBy } of plan.holds ?? []) heldBy.add(action.id);
    this.#ends.set(action.id, this.#run(action, plan));
    return action;
  }

  /** An action with nothing to do: it has already succeeded. */
  startDone(command: string, resources: readonly ActionResource[]): Action {
    const finished = this.#timestamp();
    const action: Action = {
      id: FIRST_ID + this.#all.size,
      command,
      status: "success",
      progress: 100,
      started: finished,
      finished,
      error: null,
      resources,
    };
    this.#all.set(action.id, action);
    return action;
  }

  async #endOf({ id }: Action): Promise<void> {
    await this.#ends.get(id);
  }

  /** Waits until no action runs. */
  async settle(): Promise<void> {
    while (this.all.some(({ status }) => status === "running"))
      await Promise.all(this.#ends.values());
  }

  async #run(action: Action, plan: ActionPlan): Promise<void> {
    const error = await this.#work(action, plan);
    for (const { heldBy } of plan.holds ?? []) heldBy.delete(action.id);
    if (error === null) plan.succeed?.();
    else plan.fail?.();
    const status = error === null ? "success" : "error";
    Object.assign(action, { status, progress: 100, finished: this.#timestamp(), error });
  }

  async #work(action: Action, plan: ActionPlan): Promise<ActionError | null> {
    const { after = [], begin, work } = plan;
    if (after.length > 0) await Promise.all(after.map((action) => this.#endOf(action)));
    if (after.some(({ status }) => status === "error") && plan.evenAfterFailure !== true)
      return { code: "action_failed", message: "an earlier action failed" };
    begin?.();
    const { error, released } = this.faults.take(action);
    await released;
    await this.#delay(action);
    if (error !== undefined) return error;
    try {
      await work?.();
      return null;
    } catch (cause) {
      return { code: "action_failed", message: String(cause) };
    }
  }
}
