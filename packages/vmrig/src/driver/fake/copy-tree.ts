import { execFile } from "node:child_process";
import { getSystemErrorMap, promisify } from "node:util";

/**
 * Copies a folder with all that may be in one: sockets, pipes and holes, too, which Node.js' own
 * copying refuses or fills.
 *
 * @throws what Node.js' own would have thrown, with the system's code
 */
export async function copyTree(from: string, to: string): Promise<void> {
  // In English, whatever this user reads.
  const env = { ...process.env, LC_ALL: "C" };
  await promisify(execFile)("cp", ["-a", "--", from, to], { env }).catch(
    (error: Error & { readonly stderr?: string }) => {
      throw withCode(error, to);
    },
  );
}

/**
 * `cp` tells why in words alone, `cp: error writing 'x': No space left on device`; the last ones
 * are the system's.
 */
function withCode(error: Error & { readonly stderr?: string }, path: string): Error {
  const [line = ""] = (error.stderr ?? "").split("\n");
  const words = line.slice(line.lastIndexOf(": ") + 2).toLowerCase();
  const code = [...getSystemErrorMap().values(), ...UNKNOWN_TO_NODE].find(
    ([, meaning]) => meaning === words,
  )?.[0];
  return code === undefined
    ? error
    : Object.assign(new Error(`${code}: ${line}`, { cause: error }), { code, path });
}

const UNKNOWN_TO_NODE = [["EDQUOT", "disk quota exceeded"]] as const;
