import type { Readable, Writable } from "node:stream";
import { checkOptions } from "../../errors/check-options.ts";
import {
  PIPE_OPTIONS,
  type CommandPromise,
  type PipeOptions,
  type PipePromise,
} from "./command.ts";
import type { CommandResult } from "./outcome/command-result.ts";
import type { KillSignal } from "./kill-signal.ts";
import { linesOf } from "./lines.ts";
import { isOurs, toError } from "./outcome/outcome.ts";
import { pipeInto, toWritable } from "./pipe.ts";
import type { Running } from "./running.ts";

/** Handle of a running command, for the caller that started it. */
export class CommandHandle<Output>
  extends Promise<CommandResult<Output>>
  implements CommandPromise<Output>
{
  readonly running: Running;

  constructor(running: Running) {
    super((resolve, reject) => {
      running.outcome.then(
        (outcome) => {
          if (!outcome.throws) return resolve(outcome.result as CommandResult<Output>);
          if (isOurs(outcome)) this.expectEnd();
          reject(toError(outcome));
        },
        (error: Error) => {
          if (isOurs(error)) this.expectEnd();
          reject(error);
        },
      );
    });
    this.running = running;
  }

  /** Makes `then` return a plain promise instead of a command handle. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  get stdin(): Writable {
    return this.running.stdin.stream;
  }

  get stdout(): Readable {
    return this.running.outputs.stdout.stream;
  }

  get stderr(): Readable {
    return this.running.outputs.stderr.stream;
  }

  get all(): Readable {
    return this.running.outputs.all.stream;
  }

  kill(signal?: KillSignal): void {
    this.expectEnd();
    this.running.kill(signal);
  }

  async waitForExit(): Promise<CommandResult<Output>> {
    this.expectEnd();
    const outcome = await this.running.outcome;
    if (outcome.taken) throw toError(outcome);
    return outcome.result as CommandResult<Output>;
  }

  pipe<Next>(destination: CommandPromise<Next>, options?: PipeOptions): PipePromise<Next>;
  pipe(destination: Writable, options?: PipeOptions): Promise<CommandResult<Output | undefined>>;
  pipe(destination: CommandPromise<unknown> | Writable, options: PipeOptions = {}): unknown {
    this.expectEnd();
    if (destination instanceof CommandHandle) destination.expectEnd();
    checkOptions("pipe()", options, PIPE_OPTIONS);
    if (!(destination instanceof CommandHandle))
      return toWritable(this.running, destination as Writable, options);
    return pipeInto(this.running, destination, options);
  }

  [Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    this.expectEnd();
    return this.#lines(this.stdout);
  }

  /** Prevents an unhandled rejection: the failure is reported elsewhere. */
  expectEnd(): void {
    this.catch(() => {});
  }

  async *#lines(stdout: Readable): AsyncGenerator<string, void, undefined> {
    let read = false;
    try {
      yield* linesOf(stdout);
      read = true;
    } finally {
      if (!read) {
        this.running.stop({ why: "killed" });
        await this.running.outcome.catch(() => {});
      }
    }
    await this;
  }
}
