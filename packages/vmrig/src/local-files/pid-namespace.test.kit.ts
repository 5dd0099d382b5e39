import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";

const isRoot = process.getuid?.() === 0;
const UNSHARE = isRoot ? [] : ["--user", "--map-root-user"];
const NEW_PIDS = ["--pid", "--fork", "--kill-child", "--mount-proc"];

/**
 * Whether this system lets its user create a PID namespace. Always for root, as in CI: there a
 * refusal fails the tests rather than skipping them.
 */
export const hasNamespaces =
  isRoot || spawnSync("unshare", [...UNSHARE, ...NEW_PIDS, "true"]).status === 0;

/** A Node.js process in a separate PID namespace, as in a container that shares all folders. */
export interface NamespacedProcess {
  /** Waits for the next line of its output. @throws when the process ends before that */
  line(): Promise<string>;
  /** Kills all processes of the namespace, and waits for their end. */
  end(): Promise<void>;
}

/** Namespaces of a process: `mount-only` has the PID namespace of this process. */
interface NamespaceOptions {
  readonly kind?: "pid" | "mount-only";
  /** Shell commands that run there first, such as `mount`. */
  readonly setUp?: string;
}

/**
 * Runs a module in a new PID namespace. The namespace ends with the module's process, at the latest
 * with the test.
 */
export function inNewPidNamespace(
  module: string,
  args: readonly string[] = [],
  { kind = "pid", setUp = "" }: NamespaceOptions = {},
): NamespacedProcess {
  const node = [process.execPath, "--input-type=module", "--eval", module, ...args];
  const child = spawn(
    "unshare",
    [
      ...UNSHARE,
      ...(kind === "pid" ? NEW_PIDS : []),
      "--mount",
      "sh",
      "-ec",
      `${setUp}\nexec "$@"`,
      "sh",
      ...node,
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let errors = "";
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const closed = once(child, "close");
  const end = async (): Promise<void> => {
    // The kernel reports the end of the first process when it has ended all others.
    const first = firstChild(child.pid);
    if (first > 0) process.kill(first, "SIGKILL");
    else child.kill("SIGKILL");
    await closed;
  };
  onTestFinished(end);
  return {
    async line() {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the process in the namespace ended: ${errors}`);
      return value;
    },
    end,
  };
}

/**
 * Returns shell commands that mount another `/tmp`, as a service with `PrivateTmp=` has.
 *
 * @param keep Folders that stay visible, even if they are in `/tmp`.
 */
export function ownTmp(keep: readonly string[]): string {
  const kept = keep.filter((folder) => folder.startsWith("/tmp/"));
  return [
    'new="$(mktemp -d)"',
    'mount -t tmpfs none "$new"',
    ...kept.flatMap((folder) => {
      const there = `"$new${folder.slice("/tmp".length)}"`;
      return [`mkdir -p ${there}`, `mount --rbind "${folder}" ${there}`];
    }),
    'mount --rbind "$new" /tmp',
  ].join("\n");
}

/** @returns 0 when the process has no child or has ended */
function firstChild(pid: number | undefined): number {
  try {
    return Number.parseInt(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"), 10) || 0;
  } catch {
    return 0;
  }
}

/** Returns the URL of a module beside a test, as source text for {@link inNewPidNamespace}. */
export function moduleUrl(path: string, from: string): string {
  return JSON.stringify(new URL(path, from).href);
}
