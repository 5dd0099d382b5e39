import { Readable } from "node:stream";
import type { FrameStart } from "./frame/frame-start.ts";

export interface OutputBufferOptions {
  /** Whether the output is retained. */
  readonly keep: boolean;
  readonly maxBytes: number;
  /** Called when the output exceeds the limit. */
  readonly overflow: () => void;
}

const NOTHING = Buffer.alloc(0);

/**
 * One output of a command. Retains the data and passes it on to the stream, if the stream is
 * requested.
 */
export class OutputBuffer {
  readonly #maxBytes: number;
  readonly #overflow: () => void;
  readonly #sources: Readable[] = [];
  #keeps: boolean;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #stream: Readable | undefined;
  #end: { readonly error?: Error } | undefined;

  constructor({ keep, maxBytes, overflow }: OutputBufferOptions) {
    this.#keeps = keep;
    this.#maxBytes = maxBytes;
    this.#overflow = overflow;
  }

  /**
   * Stream of the output, beginning with the retained data. A slow reader slows the command down.
   * Where nothing is retained, an unread stream does so, too.
   */
  get stream(): Readable {
    if (this.#stream !== undefined) return this.#stream;
    const stream = new Readable({ read: () => this.#resume() });
    this.#stream = stream;
    // A reader that closes the stream does not block the command.
    stream.on("close", () => this.#resume());
    // Readers receive the error. A stream without readers must not crash the process.
    stream.on("error", () => {});
    for (const chunk of this.#chunks) stream.push(chunk);
    if (this.#end !== undefined) this.end(this.#end.error);
    return stream;
  }

  /** Returns the retained data, or `undefined` where nothing is retained. */
  get kept(): Buffer | undefined {
    if (!this.#keeps) return undefined;
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? NOTHING;
  }

  /** Discards the retained data and stops retaining. */
  forget(): void {
    this.#keeps = false;
    this.#chunks = [];
  }

  /** @param start removes what does not belong to the command */
  attach(source: Readable, start?: FrameStart): void {
    this.#sources.push(source);
    if (start === undefined) source.on("data", (chunk: Buffer) => this.#take(chunk));
    else
      source.on("data", (chunk: Buffer) => {
        const own = start.take(chunk);
        if (own.length > 0) this.#take(own);
      });
  }

  /** Ends the output. An error means that the output is incomplete. */
  end(error?: Error): void {
    this.#end = error === undefined ? {} : { error };
    if (error === undefined) this.#stream?.push(null);
    else this.#stream?.destroy(error);
  }

  #take(chunk: Buffer): void {
    if (this.#keeps) this.#keep(chunk);
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed || stream.push(chunk)) return;
    // As with a child process: where the output is retained, a requested but unread stream does not
    // block the command.
    const read = stream.readableFlowing !== null;
    if (read || !this.#keeps) for (const source of this.#sources) source.pause();
  }

  #keep(chunk: Buffer): void {
    const room = this.#maxBytes - this.#bytes;
    if (room <= 0 && this.#bytes > this.#maxBytes) return;
    this.#bytes += chunk.length;
    if (chunk.length <= room) this.#chunks.push(chunk);
    else {
      if (room > 0) this.#chunks.push(chunk.subarray(0, room));
      this.#overflow();
    }
  }

  #resume(): void {
    for (const source of this.#sources) if (source.isPaused()) source.resume();
  }
}
