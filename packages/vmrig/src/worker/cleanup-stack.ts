import { isVmrigError } from "../errors/vmrig-error.ts";

/** What is to be done when that which left it has ended: a test, or the file around it. */
export interface CleanupStack {
  add(work: () => Promise<void>): void;
  /**
   * Begins a part, such as a test: what is added from here on is done when the function that this
   * returns is called.
   */
  begin(): () => Promise<void>;
  /**
   * Does what is left of the part that runs. The last first, all of it, whatever fails.
   *
   * @throws what failed first
   */
  done(): Promise<void>;
}

export function createCleanupStack(): CleanupStack {
  let works: Array<() => Promise<void>> = [];
  const doAll = async (left: Array<() => Promise<void>>): Promise<void> => {
    let failed: { readonly error: unknown } | undefined;
    for (const work of left.splice(0).toReversed())
      await work().catch((error: unknown) => (failed ??= { error }));
    if (failed !== undefined) throw failed.error;
  };
  return {
    add: (work) => void works.push(work),
    begin() {
      const [outer, mine]: [typeof works, typeof works] = [works, []];
      works = mine;
      return () => {
        if (works === mine) works = outer;
        return doAll(mine);
      };
    },
    done: () => doAll(works),
  };
}

/** What can no longer be done on a machine, its next rollback does. */
export async function unlessAway(work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => {
    if (!isVmrigError(error) || error.code === "FILE_FAILED") throw error;
  });
}
