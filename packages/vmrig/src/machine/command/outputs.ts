import type { RemoteProcess } from "../../ssh/remote-process.ts";
import type { Printed } from "./command-observer.ts";
import type { CommandOptions } from "./command-options.ts";
import type { Frame } from "./frame/frame.ts";
import { OutputBuffer } from "./output-buffer.ts";

const MAX_BUFFER = 100_000_000;

export interface CommandOutputsOptions extends Pick<CommandOptions, "buffer" | "maxBuffer"> {
  readonly all?: boolean | undefined;
  /** Called when an output exceeds its limit. */
  readonly overflow: (output: string, maxBytes: number) => void;
}

/** Outputs of a command: stdout, stderr, and both together. */
export class CommandOutputs {
  readonly stdout: OutputBuffer;
  readonly stderr: OutputBuffer;
  readonly #forgetsPassedOn: boolean;
  #all: OutputBuffer | undefined;
  #process: RemoteProcess | undefined;
  #over = false;

  constructor({ buffer, maxBuffer = MAX_BUFFER, all = false, overflow }: CommandOutputsOptions) {
    const create = (output: string, maxBytes: number): OutputBuffer =>
      new OutputBuffer({
        keep: buffer ?? true,
        maxBytes,
        overflow: () => overflow(output, maxBytes),
      });
    this.#forgetsPassedOn = buffer === undefined;
    this.stdout = create("stdout", maxBuffer);
    this.stderr = create("stderr", maxBuffer);
    if (all) this.#all = create("stdout and stderr", 2 * maxBuffer);
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
    if (this.#forgetsPassedOn) {
      for (const buffer of output === "all" ? [this.stdout, this.stderr] : [this[output]])
        buffer.forget();
    }
    return this[output];
  }

  /** Returns the retained data of stdout and stderr. */
  kept(): Printed {
    return { stdout: this.stdout.kept, stderr: this.stderr.kept };
  }

  attach(process: RemoteProcess, frame?: Frame): void {
    this.#process = process;
    this.stdout.attach(process.stdout, frame?.stdout);
    this.stderr.attach(process.stderr, frame?.stderr);
    this.#attachAll(process);
  }

  /** Ends all outputs. An error means that they are incomplete. */
  end(error?: Error): void {
    this.#over = true;
    for (const buffer of [this.stdout, this.stderr, this.#all]) buffer?.end(error);
  }

  #attachAll({ stdout, stderr }: RemoteProcess): void {
    this.#all?.attach(stdout);
    this.#all?.attach(stderr);
  }
}
