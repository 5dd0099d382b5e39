import { systemClock, type Clock } from "../../clock/clock.ts";
import { ConnectionLostError } from "../../ssh/connection-lost.ts";
import type { Ending, ProcessOptions, RemoteProcess } from "../../ssh/process.ts";
import type { SignalName } from "../../ssh/signal.ts";
import type { CommandOptions, KillSignal } from "./command.ts";
import { abridged, outcome as inWords, printed } from "./error.ts";
import { toMilliseconds } from "../duration-option.ts";
import { CommandStdin } from "./stdin.ts";
import { toOutcome, type Outcome, type Stop } from "./outcome.ts";
import { OutputBuffer } from "./output-buffer.ts";
import { toScript } from "./script.ts";
import type { CommandEnded } from "./command-observer.ts";
import type { CommandLine, ExecutionContext } from "./execution-context.ts";
import { describeThrown } from "../../errors/thrown.ts";

const MAX_BUFFER = 100_000_000;
const FORCE_AFTER_MS = 5000;
/**
 * A constant abort reason is cheap. Without a reason, each abort would create an error with a
 * stack.
 */
const OVER = "over";
const NEVER_BEGAN: Ending = { ended: "aborted", lingered: false, durationMs: 0 };

/** A command from its start to its end. It starts immediately. */
export class Running {
  readonly stdin: CommandStdin;
  readonly stdout: OutputBuffer;
  readonly stderr: OutputBuffer;
  /** Rejects when the command could not be started, or when the connection was lost. */
  readonly outcome: Promise<Outcome>;
  /** Commands whose output is piped into this command. */
  readonly sources: Running[] = [];
  /** Number of piped outputs that are still open. */
  feeders = 0;
  readonly #context: ExecutionContext;
  readonly #options: CommandOptions;
  readonly #clock: Clock;
  readonly #stopper = new AbortController();
  #all: OutputBuffer | undefined;
  #process: RemoteProcess | undefined;
  #toSend: SignalName[] = [];
  #stop: Stop | undefined;
  #abandon: (() => void) | undefined;
  #over = false;

  constructor(context: ExecutionContext, command: () => CommandLine, options: CommandOptions) {
    const {
      buffer = true,
      maxBuffer = MAX_BUFFER,
      all = false,
      input,
      stdin,
      pty = false,
    } = options;
    this.#context = context;
    this.#options = options;
    this.#clock = context.clock ?? systemClock;
    const outlet = (output: string, maxBytes: number): OutputBuffer =>
      new OutputBuffer({
        keep: buffer,
        maxBytes,
        overflow: () => this.stop({ why: "overflow", output, maxBytes }),
      });
    this.stdout = outlet("stdout", maxBuffer);
    this.stderr = outlet("stderr", maxBuffer);
    if (all) this.#all = outlet("stdout and stderr", 2 * maxBuffer);
    this.stdin = new CommandStdin({
      input,
      stdin,
      pty: pty !== false,
      broken: (reason) => this.stop({ why: "input", reason }),
    });
    this.outcome = this.#run(command);
  }

  /** Both outputs. Without the option `all`, recording starts when this property is first read. */
  get all(): OutputBuffer {
    if (this.#all !== undefined) return this.#all;
    this.#all = new OutputBuffer({ keep: false, maxBytes: 0, overflow: () => {} });
    if (this.#process !== undefined) this.#attachAll(this.#process);
    if (this.#over) this.#all.end();
    return this.#all;
  }

  /** Returns an output for piping. A piped output is retained only on request. */
  passOn(output: "stdout" | "stderr" | "all"): OutputBuffer {
    if (this.#options.buffer === undefined) {
      for (const outlet of output === "all" ? [this.stdout, this.stderr] : [this[output]])
        outlet.forget();
    }
    return this[output];
  }

  /** Stops the command. The first reason counts. */
  stop(stop: Stop): void {
    if (this.#over || this.#stop !== undefined) return;
    this.#stop = stop;
    this.#stopper.abort(stop.why === "cancelled" ? stop.reason : OVER);
    this.#abandon?.();
  }

  kill(signal: KillSignal = this.#options.killSignal ?? "SIGTERM"): void {
    if (this.#over) return;
    const { killSignal = "SIGTERM", forceKillAfterDelay = FORCE_AFTER_MS } = this.#options;
    // A command that has not started has nothing to clean up.
    if (signal === "SIGKILL" || (signal === killSignal && this.#process === undefined)) {
      this.stop({ why: "killed" });
      return;
    }
    if (this.#process === undefined) this.#toSend.push(this.#toWireSignal(signal));
    else this.#process.signal(this.#toWireSignal(signal));
    if (signal !== killSignal || forceKillAfterDelay === false) return;
    this.#clock.sleep(toMilliseconds(forceKillAfterDelay), this.#stopper.signal).then(
      () => this.stop({ why: "killed" }),
      () => {},
    );
  }

  async #run(command: () => CommandLine): Promise<Outcome> {
    const unsubscribe = this.#subscribe();
    let observed: CommandEnded | undefined;
    try {
      const line = command();
      observed = this.#observe(line);
      const { name, user, become } = this.#context;
      const script = toScript(line.line, {
        ...this.#options,
        user,
        become,
        foreground: line.foreground,
      });
      const how = this.#how(line, script.before);
      const ending = this.#stop === undefined ? await this.#send(script.text, how) : NEVER_BEGAN;
      this.#end();
      const outcome = toOutcome({
        machine: name,
        user,
        command: line.command ?? line.line,
        outputs: {
          stdout: this.stdout,
          stderr: this.stderr,
          all: this.#options.all === true ? this.#all : undefined,
        },
        options: this.#options,
        ending,
        began: ending !== NEVER_BEGAN,
        stop: this.#stop,
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

  #observe(line: CommandLine): CommandEnded | undefined {
    const { name, user } = this.#context;
    const { env = {}, input } = this.#options;
    return this.#context.observer?.()?.({
      machine: name,
      user,
      command: line.command ?? line.line,
      query: line.look,
      secrets: [
        ...Object.values(env).filter((value) => value !== undefined),
        ...(line.internal !== true && (typeof input === "string" || input instanceof Uint8Array)
          ? [input]
          : []),
      ],
      printed: () => ({ stdout: this.stdout.kept, stderr: this.stderr.kept }),
    });
  }

  #how(line: CommandLine, before: Buffer | undefined): ProcessOptions {
    const {
      timeout,
      pty = false,
      killSignal = "SIGKILL",
      forceKillAfterDelay = FORCE_AFTER_MS,
    } = this.#options;
    const graceMs = toMilliseconds(
      forceKillAfterDelay === false ? FORCE_AFTER_MS : forceKillAfterDelay,
    );
    const {
      columns = 80,
      rows = 24,
      term = "xterm-256color",
    } = pty === true || pty === false ? {} : pty;
    return {
      attend: (process) => {
        this.#attend(process, before);
        line.attend?.(process);
      },
      signal: this.#stopper.signal,
      stopSignal: this.#context.become === undefined && line.foreground !== true ? "KILL" : "TERM",
      said: () => [
        `the command: ${abridged(line.command ?? line.line)}`,
        ...printed({ stdout: this.stdout.kept, stderr: this.stderr.kept }),
      ],
      ...(killSignal === "SIGKILL"
        ? {}
        : { warning: { signal: this.#toWireSignal(killSignal), graceMs } }),
      ...(timeout === undefined ? {} : { timeoutMs: toMilliseconds(timeout) }),
      ...(pty === false ? {} : { pty: { columns, rows, term } }),
    };
  }

  async #send(script: string, how: ProcessOptions): Promise<Ending> {
    const { link } = this.#context;
    try {
      try {
        return await (await this.#unlessStopped(link())).run(script, how);
      } catch (error) {
        // The connection was already dead before the command was sent, after a reboot or a rollback
        // that a test need not notice.
        if (!(error instanceof ConnectionLostError) || error.started) throw error;
        return await (await this.#unlessStopped(link())).run(script, how);
      }
    } catch (error) {
      if (this.#stopper.signal.aborted && error === this.#stopper.signal.reason) return NEVER_BEGAN;
      throw error;
    }
  }

  /**
   * Waits for work unless the command is stopped. Connecting may take long, and other commands wait
   * for the same connection.
   */
  #unlessStopped<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#abandon = () => reject(this.#stopper.signal.reason);
      work.then(resolve, reject);
    });
  }

  #attend(process: RemoteProcess, before: Buffer | undefined): void {
    this.#process = process;
    this.stdout.attach(process.stdout);
    this.stderr.attach(process.stderr);
    this.#attachAll(process);
    this.stdin.attach(process.stdin, before);
    for (const signal of this.#toSend) process.signal(signal);
  }

  #attachAll({ stdout, stderr }: RemoteProcess): void {
    this.#all?.attach(stdout);
    this.#all?.attach(stderr);
  }

  #end(error?: Error): void {
    this.#over = true;
    this.stdin.end();
    for (const outlet of [this.stdout, this.stderr, this.#all]) outlet?.end(error);
    // Cancels the pending SIGKILL.
    this.#stopper.abort(OVER);
  }

  /**
   * Subscribes to every signal that may end the command. Returns the function that unsubscribes.
   */
  #subscribe(): () => void {
    const signals = [this.#options.signal, this.#context.signal, this.#context.scope?.()].filter(
      (signal) => signal !== undefined,
    );
    const undo = signals.map((signal) => {
      const cancel = (): void => this.stop({ why: "cancelled", reason: signal.reason });
      if (signal.aborted) cancel();
      signal.addEventListener("abort", cancel, { once: true });
      return () => signal.removeEventListener("abort", cancel);
    });
    return () => undo.forEach((each) => each());
  }

  /**
   * Maps a signal to the one that is sent over SSH. sshd cannot signal another user's processes.
   * The shell beside them therefore treats TERM as KILL, and QUIT as TERM.
   */
  #toWireSignal(signal: KillSignal): SignalName {
    const name = signal.slice("SIG".length) as SignalName;
    if (this.#context.become === undefined) return name;
    return name === "KILL" ? "TERM" : name === "TERM" ? "QUIT" : name;
  }
}
