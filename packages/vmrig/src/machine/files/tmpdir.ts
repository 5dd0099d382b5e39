import { createFile, type MachineFile } from "./file.ts";
import { quote } from "../../ssh/quote.ts";
import type { ExecutionContext } from "../command/execution-context.ts";
import { attempt } from "./attempt.ts";

/** A temporary folder that only its user can enter. */
export interface TemporaryFolder extends AsyncDisposable {
  /** Absolute path. */
  readonly path: string;
  /** Returns a file in the folder. */
  file(name: string): MachineFile;
  /** Removes the folder with its content. An already removed folder is not an error. */
  remove(): Promise<void>;
}

/** Time limit of the removal, so that a machine that a test froze does not delay the next tests. */
const REMOVAL_MS = 30_000;

export async function createTmpdir(context: ExecutionContext): Promise<TemporaryFolder> {
  const { stdout } = await attempt(
    context,
    { doing: "make a temporary folder in", path: "/tmp", existing: false },
    `exec mktemp -d -p /tmp vmrig-XXXXXXXXXX`,
  );
  const path = stdout.toString("utf8").trimEnd();
  let removed = false;
  const remove = async (): Promise<void> => {
    if (removed) return;
    // Without root, the content of a folder with mode 0555 cannot be removed before a chmod.
    const line = `rm -rf -- ${quote(path)} 2>/dev/null || { chmod -R u+rwx -- ${quote(path)}; exec rm -rf -- ${quote(path)}; }`;
    await attempt(context, { doing: "remove", path }, line, { timeout: REMOVAL_MS });
    removed = true;
  };
  return {
    path,
    file: (name) => createFile(context, `${path}/${name}`),
    remove,
    [Symbol.asyncDispose]: remove,
  };
}
