import { randomUUID } from "node:crypto";
import { z } from "zod";
import { systemClock, type Clock } from "../../clock/clock.ts";
import type { Fence } from "../../driver/driver.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { CopyName } from "../../lease/keys.ts";
import type { Holder } from "../../lease/lease.ts";
import { describeChange } from "./describe-change.ts";
import { tooLarge } from "./size-limit.ts";
import { isState, seedState, withOwner } from "./seed.ts";
import type { StateStore, StateVersion, StateWrite, StoredState } from "./state-store.ts";

export interface SessionOptions {
  readonly store: StateStore;
  readonly copy: CopyName;
  readonly fence: Fence;
  readonly by: Holder;
  readonly clock?: Clock;
}

interface Current extends Pick<StoredState, "version" | "applying"> {
  readonly text: string | undefined;
}

/** In clear also in a state that OpenTofu encrypted. */
const STAMP = z.looseObject({ serial: z.number().int(), lineage: z.string().min(1) });

/**
 * The state of one copy during one run: claimed once, read from memory, written to the store. The
 * fence guarantees that no other run writes meanwhile.
 */
export class StateSession {
  readonly #options: SessionOptions;
  readonly #clock: Clock;
  readonly #claimed: StateVersion | undefined;
  #current: Current;
  /** Kept until its outcome is known, so that an engine's repetition has the same id. */
  #pending: StateWrite | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: SessionOptions, current: StoredState | undefined) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#current = current ?? { version: 0, text: undefined, applying: [] };
    this.#claimed = current;
  }

  /**
   * Claims the state.
   *
   * @throws VmrigError `FENCED` when a later run has claimed it; the faults of the store
   */
  static async open(options: SessionOptions): Promise<StateSession> {
    const { store, copy, fence } = options;
    const claim = await store.claim(copy, fence);
    if (claim.outcome === "fenced") throw fenced(options, claim.fence);
    return new StateSession(options, claim.current);
  }

  /** Printable place of the state, for errors. */
  get shown(): string {
    return `state of "${this.#options.copy.copy}" in ${this.#options.store.shown}`;
  }

  /** Number of the newest version; 0 when there is no state. */
  get version(): number {
    return this.#current.version;
  }

  /** The newest version; `undefined` when there is no state. */
  get text(): string | undefined {
    return this.#current.text;
  }

  /** Names of machines that an apply that has not succeeded may have changed. */
  get applying(): readonly string[] {
    return this.#current.applying;
  }

  /** What was stored when this run claimed the state. */
  get claimed(): StateVersion | undefined {
    return this.#claimed;
  }

  /** Stores the owner of all machines, if the state has none. Call it before the first engine starts. */
  async ensureOwner(owner: string, known: string | undefined): Promise<void> {
    if (this.text === undefined)
      await this.#enqueue(() => this.#store({ text: seedState(owner), summary: "created" }));
    else if (known === undefined) {
      // Only OpenTofu can change what it encrypted. Nothing is in a state without an owner.
      const text = isState(this.text) ? withOwner(this.text, owner) : seedState(owner);
      await this.#enqueue(() => this.#store({ text, summary: "a new owner" }));
    }
  }

  /**
   * Stores which machines the next apply changes, together with those that earlier applies left
   * unfinished. Call it before the apply: it may be killed at any time.
   */
  async begin(changes: readonly string[]): Promise<void> {
    const applying = [...new Set([...this.applying, ...changes])];
    await this.#enqueue(() => this.#store({ applying, summary: "apply began" }));
  }

  /** Stores that the apply succeeded, so that a machine that is gone from now on is a loss. */
  async complete(): Promise<void> {
    if (this.applying.length === 0) return;
    await this.#enqueue(() => this.#store({ applying: [], summary: "apply completed" }));
  }

  /** Replaces a state that is damaged by an empty one. The damaged version stays in the history. */
  async replaceDamaged(): Promise<void> {
    const text = seedState(randomUUID());
    await this.#enqueue(() => this.#store({ text, summary: "replaced a damaged state" }));
  }

  /**
   * Stores what an engine sent. A repeated text is stored once.
   *
   * @throws VmrigError `FENCED` when the state belongs to another run by now, `STATE_UNWRITABLE`
   *   when this text must not replace the stored one; the faults of the store
   */
  save(text: string, note?: string): Promise<void> {
    return this.#enqueue(() => this.#save(text, note));
  }

  /** Returns the error of a text that is larger than a state may be. */
  tooLarge(bytes: number): VmrigError {
    return tooLarge(bytes, this.#options.copy.copy, this.#options.store.shown);
  }

  /** Resolves when no write is in progress. */
  async settled(): Promise<void> {
    await this.#last;
  }

  /** Runs one write at a time. */
  #enqueue(write: () => Promise<void>): Promise<void> {
    const written = this.#last.then(write);
    this.#last = written.catch(() => {});
    return written;
  }

  async #save(text: string, note?: string): Promise<void> {
    if (text === this.text) return;
    this.#checkStamp(text);
    const change = describeChange(this.text ?? "", text);
    await this.#store({ text, summary: note === undefined ? change : `${change}, ${note}` });
  }

  #checkStamp(text: string): void {
    const [old, next] = [parseStamp(this.text ?? ""), parseStamp(text)];
    const why =
      next === undefined
        ? "it is not a state"
        : old === undefined
          ? undefined
          : old.lineage !== next.lineage
            ? `its lineage is ${next.lineage}, not ${old.lineage}`
            : next.serial <= old.serial
              ? `its serial is ${next.serial}, and the stored one is ${old.serial}`
              : undefined;
    if (why === undefined) return;
    throw new VmrigError("STATE_UNWRITABLE", {
      message: `The state that the engine sent for "${this.#options.copy.copy}" was not stored: ${why}.`,
      hint: "the stored state is unchanged: run again",
    });
  }

  async #store(change: {
    readonly text?: string;
    readonly applying?: readonly string[];
    readonly summary: string;
  }): Promise<void> {
    const { store, copy, fence, by } = this.#options;
    const { text = this.text ?? "", applying = this.applying, summary } = change;
    if (this.#pending?.text !== text || this.#pending.summary !== summary)
      this.#pending = {
        id: randomUUID(),
        text,
        base: this.version,
        fence,
        by,
        at: this.#clock.wall(),
        summary,
        applying,
      };
    const result = await store.write(copy, this.#pending);
    this.#pending = undefined;
    if (result.outcome === "fenced") throw fenced(this.#options, result.fence);
    if (result.outcome === "conflict") throw changed(this.#options, this.version, result.version);
    this.#current = { version: result.version, text, applying };
  }
}

function parseStamp(text: string): z.infer<typeof STAMP> | undefined {
  try {
    return STAMP.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function fenced({ store, copy, fence }: SessionOptions, larger: Fence): VmrigError {
  return new VmrigError("FENCED", {
    message: `The state of "${copy.copy}" belongs to a later run.`,
    details: [`fence ${larger} in ${store.shown}; this run has fence ${fence}`],
    hint: "this run lost its lease: run again",
  });
}

function changed({ store, copy }: SessionOptions, base: number, version: number): VmrigError {
  return new VmrigError("FENCED", {
    message: `The state of "${copy.copy}" was changed by another process.`,
    details: [`version ${version} in ${store.shown}; this run knows version ${base}`],
    hint: "run again",
  });
}
