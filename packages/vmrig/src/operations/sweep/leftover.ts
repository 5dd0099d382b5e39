import type { Orphan } from "../../driver/orphan.ts";

/** Something that runs left behind. */
export interface Leftover extends Orphan {
  /**
   * Set when vmrig cannot know whether it is needed: {@link Orphan.remove} refuses. With an owner, a
   * person who knows may name it.
   */
  readonly unproven?: { readonly owner: string | undefined };
}
