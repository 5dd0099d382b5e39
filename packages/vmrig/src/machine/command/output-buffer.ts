import { Readable } from "node:stream";

export interface OutputBufferOptions {
  /** Whether what comes is kept. */
  readonly keep: boolean;
  readonly maxBytes: number;
  /** More than that has come. */
  readonly overflow: () => void;
}

const NOTHING = Buffer.alloc(0);

/** One output of a command: keeps what comes, and passes it on to whoever asks for the stream. */
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
   * Begins with what was kept. Whoever reads it slowly slows the command down; where nothing is
   * kept, so does whoever does not read it.
   */
  get stream(): Readable {
    if (this.#stream !== undefined) return this.#stream;
    const stream = new Readable({ read: () => this.#resume() });
    this.#stream = stream;
    // A reader who leaves does not hold the command up.
    stream.on("close", () => this.#resume());
    // Whoever reads is told; nobody need read.
    stream.on("error", () => {});
    for (const chunk of this.#chunks) stream.push(chunk);
    if (this.#end !== undefined) this.end(this.#end.error);
    return stream;
  }

  /** `undefined` where nothing is kept. */
  get kept(): Buffer | undefined {
    if (!this.#keeps) return undefined;
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? NOTHING;
  }

  /** Keeps nothing from here on, and forgets what was. */
  forget(): void {
    this.#keeps = false;
    this.#chunks = [];
  }

  attach(source: Readable): void {
    this.#sources.push(source);
    source.on("data", (chunk: Buffer) => this.#take(chunk));
  }

  /** Nothing more comes. An error says that more would have. */
  end(error?: Error): void {
    this.#end = error === undefined ? {} : { error };
    if (error === undefined) this.#stream?.push(null);
    else this.#stream?.destroy(error);
  }

  #take(chunk: Buffer): void {
    if (this.#keeps) this.#keep(chunk);
    const stream = this.#stream;
    if (stream === undefined || stream.destroyed || stream.push(chunk)) return;
    // As with a child process: where the output is kept, a stream that was asked for and is not
    // read holds nobody up.
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
