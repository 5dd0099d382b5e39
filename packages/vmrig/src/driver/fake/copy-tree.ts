import { execFile } from "node:child_process";
import { getSystemErrorMap, promisify } from "node:util";

/**
 * Copies a folder with all kinds of files: also sockets, pipes and holes, which the copy function
 * of Node.js refuses or fills.
 *
 * @throws the error that Node.js would have thrown, with the system's error code
 */
export async function copyTree(from: string, to: string): Promise<void> {
  // English messages, independent of the user's language.
  const env = { ...process.env, LC_ALL: "C" };
  await promisify(execFile)("cp", ["-a", "--", from, to], { env }).catch(
    (error: Error & { readonly stderr?: string }) => {
      throw withCode(error, to);
    },
  );
}

/**
 * Adds the system's error code to an error of `cp`, which reports it only as text:
 * `cp: error writing 'x': No space left on device`. The last part is the system's message.
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
