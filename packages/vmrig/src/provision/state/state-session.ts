import { randomUUID } from "node:crypto";
import { systemClock, type Clock } from "../../clock/clock.ts";
import type { Fence } from "../../driver/driver.ts";
import type { ErrorCode } from "../../errors/codes.ts";
import { isVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import type { CopyName } from "../../lease/keys.ts";
import type { Holder } from "../../lease/lease.ts";
import { describeChange } from "./describe-change.ts";
import { readKeptVersion } from "./read-version.ts";
import { tooLarge } from "./size-limit.ts";
import { isState, seedState, withOwner } from "./seed.ts";
import { parseStamp } from "./stamp.ts";
import type { StateStore, StateVersion, StateWrite, StoredState } from "./state-store.ts";
import { asSuccessor } from "./successor.ts";

const KEY_MISSING: ErrorCode = "STATE_KEY_MISSING";

export interface SessionOptions {
  readonly store: StateStore;
  readonly copy: CopyName;
  readonly fence: Fence;
  readonly by: Holder;
  readonly clock?: Clock;
}

const NONE = { applying: [], removing: [] };

interface Current extends Pick<StoredState, "version" | "applying" | "removing"> {
  readonly text: string | undefined;
}

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

  private constructor(
    options: SessionOptions,
    claimed: StateVersion | undefined,
    current: Current = { version: 0, text: undefined, ...NONE },
  ) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#current = current;
    this.#claimed = claimed;
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
    return new StateSession(options, claim.current, claim.current);
  }

  /**
   * Claims a state to replace it: its newest version may be damaged or missing, and `text` is
   * `undefined` then.
   *
   * @param more.lostKey whether a version that no key decrypts is replaced, too. @defaultValue false
   * @throws as `open`, except `STATE_LOST` for the newest version
   */
  static async openToReplace(
    options: SessionOptions,
    { lostKey = false }: { readonly lostKey?: boolean } = {},
  ): Promise<StateSession> {
    const { store, copy } = options;
    try {
      return await StateSession.open(options);
    } catch (error) {
      const codes: readonly ErrorCode[] = ["STATE_LOST", ...(lostKey ? [KEY_MISSING] : [])];
      if (!isVmrigError(error) || !codes.includes(error.code)) throw error;
      // A store claims first, and then reads the text.
      const version = await store.newestVersion(copy);
      const [newest] = await store.history(copy).catch(() => []);
      const { applying = [], removing = [] } = newest ?? {};
      return new StateSession(options, newest, { version, text: undefined, applying, removing });
    }
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

  /** Those of them that it was to replace or delete, so that they may be gone. */
  get removing(): readonly string[] {
    return this.#current.removing;
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
   *
   * @param removals those that the apply replaces or deletes
   */
  async begin(changes: readonly string[], removals: readonly string[] = []): Promise<void> {
    const applying = [...new Set([...this.applying, ...changes])];
    const removing = [...new Set([...this.removing, ...removals])];
    await this.#enqueue(() => this.#store({ applying, removing, summary: "apply began" }));
  }

  /** Stores that the apply succeeded, so that a machine that is gone from now on is a loss. */
  async complete(): Promise<void> {
    if (this.applying.length === 0) return;
    await this.#enqueue(() => this.#store({ ...NONE, summary: "apply completed" }));
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

  /**
   * Returns why a text must not replace the stored one: it is no state, it has another lineage, or
   * its serial is not larger. `undefined` when it may.
   */
  whyUnacceptable(text: string): string | undefined {
    const [old, next] = [parseStamp(this.text ?? ""), parseStamp(text)];
    if (next === undefined) return "it is not a state";
    if (old === undefined) return undefined;
    if (old.lineage !== next.lineage) return `its lineage is ${next.lineage}, not ${old.lineage}`;
    if (next.serial > old.serial) return undefined;
    return `its serial is ${next.serial}, and the stored one is ${old.serial}`;
  }

  /**
   * Stores the text of a kept version as a new version, with a serial that is larger than the
   * newest one.
   *
   * @throws VmrigError `CONFIG_INVALID` when the version is not kept, `STATE_LOST` when it is
   *   damaged; as `save`
   */
  async returnTo(version: number): Promise<void> {
    const { store, copy } = this.#options;
    const kept = await readKeptVersion(store, copy, version);
    const text = asSuccessor(kept.text, this.text);
    if (text === undefined) {
      throw new VmrigError("STATE_LOST", {
        message: `Version ${version} of the state of "${copy.copy}" is damaged.`,
        hint: "return to another version",
      });
    }
    const change = describeChange(this.text ?? "", text);
    await this.replace(text, { summary: `${change}, returned to version ${version}` });
  }

  /** Stores a text that no engine made from the newest version, or the same text again. */
  async replace(
    text: string,
    more: Pick<StateWrite, "summary"> & Partial<Pick<StateWrite, "applying" | "removing">>,
  ): Promise<void> {
    await this.#enqueue(() => this.#store({ text, ...more }));
  }

  /** Returns the error of a text that is larger than a state may be. */
  tooLarge(bytes: number): VmrigError {
    return tooLarge(bytes, this.#options.copy.copy, this.#options.store.shown);
  }

  /** Stores an earlier write whose reply was lost, before another one is based on it. */
  async #settlePending(text: string, summary: string): Promise<void> {
    const pending = this.#pending;
    if (pending === undefined || (pending.text === text && pending.summary === summary)) return;
    const result = await this.#options.store.write(this.#options.copy, pending);
    this.#pending = undefined;
    if (result.outcome === "fenced") throw fenced(this.#options, result.fence);
    if (result.outcome === "conflict") throw changed(this.#options, this.version, result.version);
    const { applying, removing = [] } = pending;
    this.#current = { version: result.version, text: pending.text, applying, removing };
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
    const why = this.whyUnacceptable(text);
    if (why === undefined) return;
    throw new VmrigError("STATE_UNWRITABLE", {
      message: `The state that the engine sent for "${this.#options.copy.copy}" was not stored: ${why}.`,
      hint: "the stored state is unchanged: run again",
    });
  }

  async #store(change: {
    readonly text?: string;
    readonly applying?: readonly string[];
    readonly removing?: readonly string[];
    readonly summary: string;
  }): Promise<void> {
    const { store, copy, fence, by } = this.#options;
    const { text = this.text ?? "", applying = this.applying, summary } = change;
    const { removing = this.removing } = change;
    await this.#settlePending(text, summary);
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
        removing,
      };
    const result = await store.write(copy, this.#pending);
    this.#pending = undefined;
    if (result.outcome === "fenced") throw fenced(this.#options, result.fence);
    if (result.outcome === "conflict") throw changed(this.#options, this.version, result.version);
    this.#current = { version: result.version, text, applying, removing };
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
