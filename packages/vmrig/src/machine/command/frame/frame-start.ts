/** Maximum of what is kept of the output before the mark. */
const MAX_BEFORE = 65_536;

/** Removes everything from one output of a command that was printed before the command began. */
export class FrameStart {
  readonly #marks: { readonly mark: string; readonly login: string };
  #before: Buffer = Buffer.alloc(0);
  #begun = false;

  constructor(marks: { readonly mark: string; readonly login: string }) {
    this.#marks = marks;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** Returns the part of the chunk that belongs to the command. */
  take(chunk: Buffer): Buffer {
    if (this.#begun) return chunk;
    const before = Buffer.concat([this.#before, chunk]);
    const at = before.indexOf(this.#marks.mark);
    if (at < 0) {
      this.#before = before.subarray(-MAX_BEFORE);
      return Buffer.alloc(0);
    }
    this.#begun = true;
    this.#before = Buffer.alloc(0);
    return before.subarray(at + this.#marks.mark.length);
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
