import type { Action, ActionError } from "./action.ts";

interface PlannedFault {
  readonly command: string;
  left: number;
  readonly error?: ActionError;
  readonly released?: Promise<void>;
}

/** Lets the next actions of a command fail or hang. */
export class ActionFaults {
  readonly #planned: PlannedFault[] = [];

  /** The next `times` actions of the command end in an error. */
  fail(
    command: string,
    {
      code = "action_failed",
      message = "action failed",
      times = 1,
    }: {
      readonly code?: string | undefined;
      readonly message?: string | undefined;
      readonly times?: number | undefined;
    } = {},
  ): void {
    this.#planned.push({ command, left: times, error: { code, message } });
  }

  /** The next `times` actions of the command stay `running` until they are released. */
  hang(command: string, { times = 1 } = {}): { release(): void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const fault = { command, left: times, released: promise };
    this.#planned.push(fault);
    return {
      release: () => {
        fault.left = 0;
        resolve();
      },
    };
  }

  /** Returns the fault of an action that begins, and uses it up. */
  take({ command }: Action): Pick<PlannedFault, "error" | "released"> {
    const due = this.#planned.find((fault) => fault.command === command && fault.left > 0);
    if (due === undefined) return {};
    due.left -= 1;
    return due;
  }
}
