import { isVmrigError } from "../errors/vmrig-error.ts";

/** Stack of clean-up functions, which run when the test or the file that added them ends. */
export interface CleanupStack {
  add(work: () => Promise<void>): void;
  /**
   * Begins a part, such as a test. Returns a function that runs all clean-up functions that were
   * added since.
   */
  begin(): () => Promise<void>;
  /**
   * Runs the remaining clean-up functions of the current part, the last one first. Runs all of
   * them, even when some fail.
   *
   * @throws the first failure
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

/**
 * Runs a clean-up on a machine. Ignores a machine that is out of reach: its next rollback cleans it
 * up.
 */
export async function unlessAway(work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => {
    if (!isVmrigError(error) || error.code === "FILE_FAILED") throw error;
  });
}
