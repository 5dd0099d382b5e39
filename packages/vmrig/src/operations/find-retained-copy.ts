import { toDate } from "../clock/real-time.ts";
import { describeCopy, copyNames } from "../config/copy-spec.ts";
import type { Folders } from "../config/folders.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { CopySpec } from "../driver/driver.ts";
import { describeCurrentHolder } from "../lease/current-holder.ts";
import type { LeaseView } from "../lease/lease-view.ts";
import {
  dropRetainedCopy,
  readRetainedCopy,
  type RetainedCopyNote,
} from "../gate/copies/retained-copy.ts";
import { openStore } from "../gate/store/open-store.ts";

/**
 * A copy that this user retained, or at which this user's run is paused. It stays as the run left
 * it, and no other user can log in.
 */
export interface RetainedCopy {
  readonly copy: CopySpec;
  readonly retained: RetainedCopyNote;
}

export interface FindRetainedCopyOptions {
  readonly rig: ResolvedRig;
  readonly folders: Folders;
  /** Name of the only copy to find. @defaultValue all */
  readonly only?: string | undefined;
  /** Prints a line for each copy that is no longer retained. */
  readonly say: (line: string) => void;
}

/**
 * Finds the copies of a rig that this user retained, by the notes of this user's runs and by Redis.
 * Does not connect to Redis when there are no notes.
 */
export async function findRetainedCopy(
  options: FindRetainedCopyOptions,
): Promise<readonly RetainedCopy[]> {
  const { rig, folders, only, say } = options;
  const copies = copyNames(rig).map((_, index) => describeCopy(rig, index + 1, folders));
  const notes: RetainedCopy[] = [];
  for (const copy of copies) {
    const retained =
      only === undefined || only === copy.copy ? await readRetainedCopy(copy) : undefined;
    if (retained !== undefined) notes.push({ copy, retained });
  }
  if (notes.length === 0) return [];
  await using store = await openStore(rig, folders);
  const view = await store.view({ rig: rig.name, copies: copyNames(rig) });
  const standing: RetainedCopy[] = [];
  for (const note of notes) {
    const over = whyOver(note.retained, view);
    if (over === undefined) standing.push(note);
    else {
      say(`retained ${note.copy.copy}: no longer retained, ${over}`);
      await dropRetainedCopy(note.copy, note.retained);
    }
  }
  return standing;
}

/**
 * Returns why a note is no longer valid; `undefined` while its lease exists. Redis decides,
 * regardless of this computer's clock.
 */
export function whyOver(
  { copy, fence, until, paused = false }: RetainedCopyNote,
  { copies }: Pick<LeaseView, "copies">,
): string | undefined {
  const held = copies.find((candidate) => candidate.copy === copy)?.held;
  if (held?.fence === fence)
    return held.retained === undefined && !paused
      ? "its run ended before it retained the copy"
      : undefined;
  const time = toDate(until).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const reason = `its time (until ${time}) is over, or someone released it by force`;
  return held === undefined
    ? reason
    : `${reason}; now it is ${held.retained === undefined ? "held by " : ""}${describeCurrentHolder(held)}`;
}
