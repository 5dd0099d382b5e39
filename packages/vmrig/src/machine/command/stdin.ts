import { PassThrough, Readable, type Writable } from "node:stream";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { CommandOptions } from "./command-options.ts";
import { yieldingToEventLoop } from "./event-loop.ts";
import { endByCharacter } from "./end-of-transmission.ts";

export interface CommandStdinOptions extends Pick<CommandOptions, "input" | "stdin"> {
  /** Whether the command has a terminal. The end of the input is then a character. */
  readonly pty: boolean;
  /** Called when the input cannot be read to its end. */
  readonly broken: (error: Error) => void;
}

/** Input of a command. */
export class CommandStdin {
  readonly #options: CommandStdinOptions;
  #stream: PassThrough | undefined;
  #fed: Readable | undefined;
  #target: Writable | undefined;
  #over = false;
  #goOn = (): void => {};

  constructor(options: CommandStdinOptions) {
    this.#options = options;
    if (options.stdin === "pipe") this.#open();
  }

  /**
   * Stream of the input.
   *
   * @throws VmrigError `COMMAND_INVALID` when the command has another input, or when the input has
   *   ended
   */
  get stream(): Writable {
    if (this.#stream !== undefined) return this.#stream;
    if (this.#options.input !== undefined) {
      throw new VmrigError("COMMAND_INVALID", {
        message: "The command gets its stdin from the `input` option.",
      });
    }
    if (this.#options.stdin === "ignore" || this.#target !== undefined) {
      throw new VmrigError("COMMAND_INVALID", {
        message: "The command was started with an empty stdin.",
        hint: 'pass the option `stdin: "pipe"`, or read the `stdin` property right after the call',
      });
    }
    return this.#open();
  }

  /** Connects the input to the command. `before` is read by the command first. */
  attach(target: Writable, before: Uint8Array | undefined): void {
    this.#target = target;
    if (before !== undefined) target.write(before);
    const { input, pty, broken } = this.#options;
    const source = this.#stream ?? (pty ? pieces(input) : input);
    if (source === undefined || isData(source)) {
      target.end(source);
      return;
    }
    const into = pty ? endByCharacter() : target;
    if (into !== target) into.pipe(target);
    if (source instanceof Readable) {
      this.#fed = source;
      source.once("error", broken);
      source.pipe(into);
    } else {
      this.#feed(yieldingToEventLoop(source), into).catch(broken);
    }
  }

  /** Stops feeding the command. A stream that was passed in stays open. */
  end(): void {
    this.#over = true;
    this.#goOn();
    this.#stream?.destroy();
    this.#fed?.unpipe();
  }

  /** Requests a chunk only after the previous chunk was sent: the producer may reuse its memory. */
  async #feed(pieces: AsyncIterable<string | Uint8Array>, into: Writable): Promise<void> {
    for await (const piece of pieces) {
      const gone = await new Promise<boolean>((resolve) => {
        this.#goOn = () => resolve(false);
        into.write(piece, (error) => resolve(error === null || error === undefined));
      });
      if (!gone || this.#over) return;
    }
    into.end();
  }

  #open(): PassThrough {
    this.#stream = new PassThrough();
    this.#stream.on("error", () => {});
    return this.#stream;
  }
}

function isData(input: unknown): input is string | Uint8Array {
  return typeof input === "string" || input instanceof Uint8Array;
}

function pieces(
  input: CommandOptions["input"],
): Exclude<CommandOptions["input"], string | Uint8Array | undefined> {
  return input === undefined || isData(input) ? [Buffer.from(input ?? "")] : input;
}
