import { createFile, type MachineFile } from "./file.ts";
import { quote } from "../../ssh/quote.ts";
import type { ExecutionContext } from "../command/run.ts";
import { attempt } from "./attempt.ts";

/** A fresh folder that only its user may enter. */
export interface TemporaryFolder extends AsyncDisposable {
  /** Absolute. */
  readonly path: string;
  /** A file in it. */
  file(name: string): MachineFile;
  /** Takes it away with all that is in it. That it has gone already is fine. */
  remove(): Promise<void>;
}

/** A machine that a test has frozen does not hold up the tests after it. */
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
    // A folder that lets nothing go (0555) is in the way of whoever is not root.
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
