import { z } from "zod";

const INFO = z.looseObject({ ID: z.string().min(1), Operation: z.string() });

/** What an engine sends to lock a state: `internal/states/statemgr/locker.go`, type LockInfo. */
export type EngineLockInfo = z.infer<typeof INFO>;

/** @returns `undefined` when the text is no lock info, as in the force-unlock of Terraform */
export function parseLockInfo(text: string): EngineLockInfo | undefined {
  try {
    return INFO.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * The lock of the engine within a run: the lease excludes other runs, this lock excludes a second
 * engine of the same run. Engines repeat a request whose reply was lost, so taking and releasing
 * may be repeated.
 */
export class EngineLock {
  #holder: EngineLockInfo | undefined;
  #released: string | undefined;

  get holder(): EngineLockInfo | undefined {
    return this.#holder;
  }

  /** @returns whether this engine holds the lock now */
  take(info: EngineLockInfo): boolean {
    this.#holder ??= info;
    return this.#holder.ID === info.ID;
  }

  /** @returns whether this engine released the lock, now or with its last request */
  release(id: string | undefined): boolean {
    if (id === undefined) return false;
    if (this.#holder?.ID === id) {
      this.#released = id;
      this.#holder = undefined;
      return true;
    }
    return this.#holder === undefined && this.#released === id;
  }
}
