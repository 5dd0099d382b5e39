import { randomUUID } from "node:crypto";
import { z } from "zod";
import { systemClock, type Clock } from "../../clock/clock.ts";
import type { Fence } from "../../driver/driver.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { CopyName } from "../../lease/keys.ts";
import type { Holder } from "../../lease/lease.ts";
import { describeChange } from "./describe-change.ts";
import { seedState } from "./seed.ts";
import type { StateStore, StateWrite } from "./state-store.ts";

export interface SessionOptions {
  readonly store: StateStore;
  readonly copy: CopyName;
  readonly fence: Fence;
  readonly by: Holder;
  readonly clock?: Clock;
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
  #version: number;
  #text: string;
  /** Kept until its outcome is known, so that an engine's repetition has the same id. */
  #pending: StateWrite | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(options: SessionOptions, version: number, text: string) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#version = version;
    this.#text = text;
  }

  /**
   * Claims the state, and stores a first version if there is none.
   *
   * @throws VmrigError `FENCED` when a later run has claimed it; the faults of the store
   */
  static async open(options: SessionOptions): Promise<StateSession> {
    const { store, copy, fence } = options;
    const claim = await store.claim(copy, fence);
    if (claim.outcome === "fenced") throw fenced(options, claim.fence);
    const session = new StateSession(
      options,
      claim.current?.version ?? 0,
      claim.current?.text ?? "",
    );
    if (claim.current === undefined) await session.#store(seedState(), "created");
    return session;
  }

  get version(): number {
    return this.#version;
  }

  get text(): string {
    return this.#text;
  }

  /**
   * Stores what an engine sent. A repeated text is stored once.
   *
   * @throws VmrigError `FENCED` when the state belongs to another run by now, `STATE_UNWRITABLE`
   *   when this text must not replace the stored one; the faults of the store
   */
  save(text: string): Promise<void> {
    const saved = this.#last.then(() => this.#save(text));
    this.#last = saved.catch(() => {});
    return saved;
  }

  /** Resolves when no write is in progress. */
  async settled(): Promise<void> {
    await this.#last;
  }

  async #save(text: string): Promise<void> {
    if (text === this.#text) return;
    this.#checkStamp(text);
    await this.#store(text, describeChange(this.#text, text));
  }

  #checkStamp(text: string): void {
    const [old, next] = [parseStamp(this.#text), parseStamp(text)];
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

  async #store(text: string, summary: string): Promise<void> {
    const { store, copy, fence, by } = this.#options;
    if (this.#pending?.text !== text)
      this.#pending = {
        id: randomUUID(),
        text,
        base: this.#version,
        fence,
        by,
        at: this.#clock.wall(),
        summary,
      };
    const result = await store.write(copy, this.#pending);
    this.#pending = undefined;
    if (result.outcome === "fenced") throw fenced(this.#options, result.fence);
    if (result.outcome === "conflict") throw changed(this.#options, this.#version, result.version);
    this.#version = result.version;
    this.#text = text;
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
