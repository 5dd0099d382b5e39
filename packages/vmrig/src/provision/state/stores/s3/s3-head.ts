import { z } from "zod";
import { VmrigError } from "../../../../errors/vmrig-error.ts";
import type { CopyName } from "../../../../lease/keys.ts";
import { VERSION } from "../../state-record.ts";
import type { StateVersion } from "../../state-store.ts";

/**
 * The only object of a state that changes: the largest fence, and the kept versions, newest first.
 * Fence and versions are in one object, because a condition covers one object only. Its content
 * never repeats: fences and versions only grow. So an ETag, which may be a hash of the content,
 * identifies one point in time.
 */
export interface S3Head {
  readonly fence: number;
  readonly versions: readonly StateVersion[];
}

const HEAD = z.object({ fence: z.number().int().nonnegative(), versions: z.array(VERSION) });

export const EMPTY_HEAD: S3Head = { fence: 0, versions: [] };

export function parseHead(text: string, where: string): S3Head {
  try {
    return HEAD.parse(JSON.parse(text));
  } catch (error) {
    throw new VmrigError("STATE_LOST", {
      message: `${where} is damaged: it does not list the versions of the state.`,
      hint: "restore an earlier version of this object, if the bucket keeps them",
      cause: error,
    });
  }
}

/** Keys of a copy's objects. The text of each version has a different name, and never changes. */
export function s3Keys(prefix: string, { rig, copy }: CopyName) {
  const folder = [prefix, rig, copy].map(encodeURIComponent).join("/");
  return {
    head: `${folder}/head.json`,
    text: ({ version, write }: Pick<StateVersion, "version" | "write">) =>
      `${folder}/${version}-${encodeURIComponent(write)}.tfstate`,
  };
}
