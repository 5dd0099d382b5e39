import type { OptionNames } from "../../errors/check-options.ts";
import { waitFor, type Observation } from "../../wait/wait-for.ts";
import { query } from "../resources/query.ts";
import { quotePath } from "../../ssh/quote.ts";
import { WAIT_OPTIONS, toWatch, type WaitOptions, type Watch } from "./wait-options.ts";
import { tolerant } from "./tolerant.ts";

export interface FileWaitOptions extends WaitOptions {
  /** @defaultValue `"present"` */
  readonly state?: "present" | "absent" | undefined;
}

export const FILE_WAIT_OPTIONS: OptionNames<FileWaitOptions> = { ...WAIT_OPTIONS, state: true };

/** Waits until anything has this name, also a folder or a dangling link. */
export async function waitForFile(
  watch: Watch,
  path: string,
  options: FileWaitOptions,
): Promise<void> {
  const absent = options.state === "absent";
  const target = quotePath(path);
  // For a missing file, the first missing parent folder is the more useful observation.
  const line = `f=${target}; if [ -e "$f" ] || [ -L "$f" ]; then echo there; else until [ -e "$f" ]; do m=$f; f=$(dirname -- "$f"); done; echo "$m"; fi`;
  await waitFor<true>({
    ...toWatch(watch, options),
    what: `${path}${absent ? " to be gone" : ""}`,
    probe: tolerant(async (signal): Promise<Observation<true>> => {
      const { stdout } = await query(watch.context, line, { title: path, signal });
      if ((stdout === "there") !== absent) return { value: true };
      if (absent) return { seen: "it is still there" };
      const missing = stdout.replace(/^\.\//, "");
      return {
        seen: missing === path ? "it is not there" : `the folder ${missing} does not exist`,
      };
    }),
  });
}
