import type { ExecutionContext } from "../command/execution-context.ts";
import { query } from "./query.ts";

/** Facts about a machine. Plain data. */
export interface Facts {
  readonly hostname: string;
  /** From os-release(5). */
  readonly os: {
    /** `debian`, `alpine`, `fedora`. */
    readonly id: string;
    /** `12`; empty on rolling releases. */
    readonly version: string;
    /** `Debian GNU/Linux 12 (bookworm)`. */
    readonly title: string;
  };
  /** `6.1.0-13-amd64`. */
  readonly kernel: string;
  /** Output of `uname -m`: `x86_64`, `aarch64`. */
  readonly arch: string;
  /** Number of online processors. */
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Changes with each boot. A rollback to a snapshot of the memory restores the previous value. */
  readonly bootId: string;
  readonly uptimeSeconds: number;
  /** Name of process 1: `systemd`, `init`. */
  readonly init: string;
}

const READ = [
  "uname -n -r -m",
  "cat /proc/sys/kernel/random/boot_id",
  "cat /proc/1/comm",
  "cat /proc/uptime",
  "nproc",
  "grep ^MemTotal: /proc/meminfo",
  "cat /etc/os-release 2>/dev/null || cat /usr/lib/os-release",
].join(" && ");

/** Reads the facts of a machine. @throws VmrigError `INSPECTION_FAILED` */
export async function readFacts(context: ExecutionContext): Promise<Facts> {
  return parseFacts((await query(context, READ, { title: "its facts" })).stdout);
}

function parseFacts(text: string): Facts {
  const [uname = "", bootId = "", init = "", uptime = "", cpus = "", memory = "", ...release] =
    text.split("\n");
  const [hostname = "", kernel = "", arch = ""] = uname.split(" ");
  const os = (key: string): string => {
    const line = release.find((candidate) => candidate.startsWith(`${key}=`)) ?? "";
    // Values are quoted as in a shell.
    return line
      .slice(key.length + 1)
      .replace(/^(["'])(.*)\1$/, "$2")
      .replace(/\\(.)/g, "$1");
  };
  return {
    hostname,
    os: { id: os("ID"), version: os("VERSION_ID"), title: os("PRETTY_NAME") },
    kernel,
    arch,
    cpus: Number(cpus),
    memoryBytes: Number.parseInt(memory.replace(/^MemTotal:\s*/, ""), 10) * 1024,
    bootId,
    uptimeSeconds: Number.parseFloat(uptime),
    init,
  };
}
