import { systemClock, type Clock } from "../../clock/clock.ts";
import { describeThrown } from "../../errors/thrown.ts";
import type { ProcessOptions, RemoteProcess } from "../../ssh/remote-process.ts";
import type { SignalName } from "../../ssh/signal.ts";
import { toMilliseconds } from "../duration-option.ts";
import { onAbort } from "../on-abort.ts";
import type { CommandEnded } from "./command-observer.ts";
import type { CommandOptions } from "./command-options.ts";
import type { CommandLine, ExecutionContext } from "./execution-context.ts";
import { toWireSignal, type KillSignal } from "./kill-signal.ts";
import { Frame } from "./frame/frame.ts";
import { NotBegunError, notBegun } from "./frame/not-begun.ts";
import { observe } from "./observe.ts";
import { abridged, outcome as inWords } from "./outcome/in-words.ts";
import type { Outcome, Stop } from "./outcome/outcome.ts";
import { printed } from "./outcome/printed.ts";
import { toOutcome } from "./outcome/to-outcome.ts";
import { CommandOutputs } from "./outputs.ts";
import { FORCE_AFTER_MS, toProcessOptions } from "./process-options.ts";
import { toScript } from "./script/script.ts";
import { NEVER_BEGAN, sendScript } from "./send-script.ts";
import { CommandStdin } from "./stdin.ts";
import { StopRequest } from "./stop-request.ts";

/** A command from its start to its end. It starts immediately. */
export class Running {
  readonly stdin: CommandStdin;
  readonly outputs: CommandOutputs;
  /** Rejects when the command could not be started, or when the connection was lost. */
  readonly outcome: Promise<Outcome>;
  /** Commands whose output is piped into this command. */
  readonly sources: Running[] = [];
  /** Number of piped outputs that are still open. */
  feeders = 0;
  readonly #context: ExecutionContext;
  readonly #options: CommandOptions;
  readonly #clock: Clock;
  readonly #stopping = new StopRequest();
  #process: RemoteProcess | undefined;
  #toSend: SignalName[] = [];

  constructor(context: ExecutionContext, command: () => CommandLine, options: CommandOptions) {
    const { buffer, maxBuffer, all, input, stdin, pty = false } = options;
    this.#context = context;
    this.#options = options;
    this.#clock = context.clock ?? systemClock;
    this.outputs = new CommandOutputs({
      buffer,
      maxBuffer,
      all,
      overflow: (output, maxBytes) => this.stop({ why: "overflow", output, maxBytes }),
    });
    this.stdin = new CommandStdin({
      input,
      stdin,
      pty: pty !== false,
      broken: (reason) => this.stop({ why: "input", reason }),
    });
    this.outcome = this.#run(command);
  }

  /** Stops the command. The first reason counts. */
  stop(stop: Stop): void {
    this.#stopping.make(stop);
  }

  kill(signal: KillSignal = this.#options.killSignal ?? "SIGTERM"): void {
    if (this.#stopping.over) return;
    const { killSignal = "SIGTERM", forceKillAfterDelay = FORCE_AFTER_MS } = this.#options;
    // A command that has not started has nothing to clean up.
    if (signal === "SIGKILL" || (signal === killSignal && this.#process === undefined)) {
      this.stop({ why: "killed" });
      return;
    }
    const sent = toWireSignal(signal, this.#isAsOther);
    if (this.#process === undefined) this.#toSend.push(sent);
    else this.#process.signal(sent);
    if (signal !== killSignal || forceKillAfterDelay === false) return;
    this.#clock.sleep(toMilliseconds(forceKillAfterDelay), this.#stopping.signal).then(
      () => this.stop({ why: "killed" }),
      () => {},
    );
  }

  async #run(command: () => CommandLine): Promise<Outcome> {
    const unsubscribe = this.#subscribe();
    let observed: CommandEnded | undefined;
    try {
      // 1. Build the line: a mistake in it is an error of the command.
      const line = command();
      observed = observe(this.#context, line, {
        env: this.#options.env,
        input: this.#options.input,
        printed: () => this.outputs.kept(),
      });
      // 2. Wrap it in a script for its user.
      const { name, user, become } = this.#context;
      const frame = line.framed === true ? new Frame() : undefined;
      const script = toScript(line.line, {
        ...this.#options,
        user,
        become,
        foreground: line.foreground,
        frame,
      });
      const how = this.#how(line, script.before, frame);
      // 3. Run the script, unless the command was stopped already.
      const { link } = this.#context;
      const ending =
        this.#stopping.stop === undefined
          ? await sendScript(script.text, { link, stopping: this.#stopping, process: how })
          : NEVER_BEGAN;
      const hasInput = this.#options.input !== undefined || script.before !== undefined;
      const prevented = notBegun(frame, ending, hasInput);
      if (prevented !== undefined)
        throw new NotBegunError(abridged(line.command ?? line.line), name, prevented);
      this.#end();
      // 4. Combine its end, its outputs and the stop request into the outcome.
      const { stdout, stderr } = this.outputs;
      const outcome = toOutcome({
        machine: name,
        user,
        command: line.command ?? line.line,
        outputs: {
          stdout,
          stderr,
          all: this.#options.all === true ? this.outputs.all : undefined,
        },
        options: this.#options,
        ending,
        began: ending !== NEVER_BEGAN,
        stop: this.#stopping.stop,
        taken: this.#context.signal?.aborted === true,
      });
      observed?.ended(inWords(outcome.result));
      return outcome;
    } catch (error) {
      this.#end(error as Error);
      observed?.ended(`failed: ${describeThrown(error).split("\n")[0]}`);
      throw error;
    } finally {
      unsubscribe();
    }
  }

  #how(line: CommandLine, before: Buffer | undefined, frame: Frame | undefined): ProcessOptions {
    return {
      attend: (process) => {
        this.#attend(process, before, frame);
        line.attend?.(process);
      },
      signal: this.#stopping.signal,
      stopSignal: !this.#isAsOther && line.foreground !== true ? "KILL" : "TERM",
      said: () => [
        `the command: ${abridged(line.command ?? line.line)}`,
        ...printed(this.outputs.kept()),
      ],
      ...toProcessOptions(this.#options, this.#isAsOther),
    };
  }

  #attend(process: RemoteProcess, before: Buffer | undefined, frame: Frame | undefined): void {
    this.#process = process;
    this.outputs.attach(process, frame);
    this.stdin.attach(process.stdin, before);
    for (const signal of this.#toSend) process.signal(signal);
  }

  #end(error?: Error): void {
    // Cancels the pending SIGKILL, too.
    this.#stopping.end();
    this.stdin.end();
    this.outputs.end(error);
  }

  /**
   * Subscribes to every signal that may end the command. Returns the function that unsubscribes.
   */
  #subscribe(): () => void {
    return onAbort(
      [this.#options.signal, this.#context.signal, this.#context.scope?.()],
      (reason) => this.stop({ why: "cancelled", reason }),
    );
  }

  /** Whether another user than the login user runs the command. */
  get #isAsOther(): boolean {
    return this.#context.become !== undefined;
  }
}
