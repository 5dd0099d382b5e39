/** Maximum of what is kept of the output before the mark. */
const MAX_BEFORE = 65_536;

interface Marks {
  readonly mark: string;
  readonly login: string;
  /** Mark of the other output. Before `mark`, it shows that a startup file joined the outputs. */
  readonly foreign?: string;
}

/** Removes everything from one output of a command that was printed before the command began. */
export class FrameStart {
  readonly #marks: Marks;
  #before: Buffer = Buffer.alloc(0);
  #begun = false;
  #joined = false;

  constructor(marks: Marks) {
    this.#marks = marks;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** Whether a startup file joined the outputs: nothing here is known to be standard output. */
  get joined(): boolean {
    return this.#joined;
  }

  /** Returns the part of the chunk that belongs to the command. */
  take(chunk: Buffer): Buffer {
    if (this.#joined) return Buffer.alloc(0);
    if (this.#begun) return chunk;
    const before = Buffer.concat([this.#before, chunk]);
    const at = before.indexOf(this.#marks.mark);
    if (at < 0) {
      this.#before = before.subarray(-MAX_BEFORE);
      return Buffer.alloc(0);
    }
    const { foreign, mark } = this.#marks;
    if (foreign !== undefined && before.subarray(0, at).includes(foreign)) {
      this.#joined = true;
      this.#before = before.subarray(0, before.indexOf(foreign));
      return Buffer.alloc(0);
    }
    this.#begun = true;
    this.#before = Buffer.alloc(0);
    return before.subarray(at + mark.length);
  }

  /** Returns everything that was printed before the command. */
  get before(): string {
    return this.#before.toString("utf8");
  }

  /** Returns what the login shell printed, without what came after the login. */
  get ofLogin(): string {
    const text = this.#before.toString("utf8");
    return text.split(this.#marks.login)[0] ?? "";
  }

  /** Returns what was printed after the login. `undefined` without a login mark. */
  get afterLogin(): string | undefined {
    const parts = this.#before.toString("utf8").split(this.#marks.login);
    return parts.length > 1 ? parts.at(-1) : undefined;
  }
}
