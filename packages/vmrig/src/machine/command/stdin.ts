import { PassThrough, Readable, Transform, type Writable } from "node:stream";
import { setImmediate as othersTurn } from "node:timers/promises";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { CommandOptions } from "./command.ts";

export interface CommandStdinOptions extends Pick<CommandOptions, "input" | "stdin"> {
  /** The end of the input is then a character. */
  readonly pty: boolean;
  /** The input cannot be read to its end. */
  readonly broken: (error: Error) => void;
}

/** The input of a command. */
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

  /** @throws VmrigError `COMMAND_INVALID` where the input is another one, or has ended */
  get stream(): Writable {
    if (this.#stream !== undefined) return this.#stream;
    if (this.#options.input !== undefined) {
      throw new VmrigError("COMMAND_INVALID", {
        message: "The command gets its stdin from the `input` option.",
      });
    }
    if (this.#options.stdin === "ignore" || this.#target !== undefined) {
      throw new VmrigError("COMMAND_INVALID", {
        message: "The command has begun with an empty stdin.",
        hint: 'pass the option `stdin: "pipe"`, or ask for `stdin` at once',
      });
    }
    return this.#open();
  }

  /** `before`: what the command reads first. */
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
      this.#feed(breathing(source), into).catch(broken);
    }
  }

  /** The command takes no more. A stream of somebody else stays his. */
  end(): void {
    this.#over = true;
    this.#goOn();
    this.#stream?.destroy();
    this.#fed?.unpipe();
  }

  /**
   * Asks for a piece when the one before has gone: whoever makes them may use the same memory
   * again.
   */
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

const BREATH_MS = 10;

/**
 * Pieces that are always there would let nobody else have a turn, not even the news that the
 * command has ended.
 */
async function* breathing<T>(
  pieces: Iterable<T> | AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  let since = performance.now();
  for await (const piece of pieces) {
    yield piece;
    if (performance.now() - since < BREATH_MS) continue;
    await othersTurn();
    since = performance.now();
  }
}

const END_OF_TRANSMISSION = "\u0004";

/**
 * A terminal has no end of input but the character that its line discipline takes for one. In the
 * middle of a line the first one only hands out what is there (POSIX.1-2017, XBD 11.1.9).
 */
function endByCharacter(): Transform {
  let last = 0x0a;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      last = chunk.at(-1) ?? last;
      done(null, chunk);
    },
    flush(done) {
      done(null, last === 0x0a ? END_OF_TRANSMISSION : END_OF_TRANSMISSION.repeat(2));
    },
  });
}
