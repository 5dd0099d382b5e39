import { isVmrigError, waitFor } from "vmrig/driver";
import type { RootShell } from "./root-shell.ts";
import { PROOF } from "./script/proof.ts";

/** Proof that a restored root runs. */
export interface Entered {
  readonly shell: RootShell;
  /** Ids of the btrfs subvolumes that are mounted on `/` and `/home`. */
  readonly root: number;
  readonly home: number;
  /** Whether anything of the time before the soft reboot is left. */
  readonly leftovers: readonly string[];
  /** Part of the disk that is free, 0 to 1. */
  readonly free: number;
}

export interface EnteredWait {
  readonly machine: string;
  readonly snapshot: string;
  /** Random text that the rollback recorded. */
  readonly token: string;
  readonly how: "soft" | "reboot";
  /** Logs in again. Called until a login reaches the restored root. */
  readonly reconnect: (signal: AbortSignal) => Promise<RootShell>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Waits until a new login reaches the restored root: the subvolumes on `/` and `/home` are those in
 * place, and this rollback put them there. The old root's mount shows another path since the swap.
 *
 * @throws VmrigError `MACHINE_UNREACHABLE` at the deadline, with the last observation;
 *   `HOST_KEY_MISMATCH` immediately
 */
export function waitUntilEntered(wait: EnteredWait): Promise<Entered> {
  return waitFor<Entered>({
    what: `the root of ${wait.snapshot}`,
    on: wait.machine,
    timeoutMs: wait.timeoutMs,
    signal: wait.signal,
    code: "MACHINE_UNREACHABLE",
    probe: async (signal) => {
      try {
        const shell = await wait.reconnect(signal);
        const options = { args: [wait.snapshot], timeoutMs: 20_000, signal };
        const { stdout, stderr, code } = await shell.run(PROOF, options);
        const proof = parseProof(stdout, wait);
        if ("seen" in proof)
          return { seen: code === 0 ? proof.seen : `${proof.seen} ${stderr.trim()}` };
        return { value: { ...proof, shell } };
      } catch (error) {
        signal.throwIfAborted();
        if (!isVmrigError(error) || error.code === "HOST_KEY_MISMATCH") throw error;
        return { seen: error.summary };
      }
    },
  });
}

/** Reads what the machine said about its root. */
export function parseProof(
  text: string,
  { token, how }: Pick<EnteredWait, "token" | "how">,
): Omit<Entered, "shell"> | { seen: string } {
  const lines = text.split("\n");
  const subvolume = (point: string): { path: string; id: number } | undefined => {
    // The last mount on a folder is the visible one.
    const line = lines.findLast((each) => each.startsWith(`mount ${point} `));
    const [, , path = "", id = ""] = line?.split(" ") ?? [];
    return line === undefined ? undefined : { path, id: Number(id) };
  };
  const root = subvolume("/");
  const home = subvolume("/home");
  if (root?.path !== "/@") return { seen: `the former root still runs (${root?.path})` };
  if (!lines.includes(`token ${token}`)) return { seen: "no rollback of this run was entered" };
  if (how === "reboot" && !lines.includes("rebooted")) return { seen: "no reboot yet" };
  if (home?.path !== "/@home") return { seen: `/home is ${home?.path ?? "not mounted"}` };
  const leftovers = lines.filter((line) => /^(survivor|leftover) /.test(line));
  const [, available, size] = /^space (\d+) (\d+)$/m.exec(text) ?? [];
  const free = Number(available) / Number(size);
  return { root: root.id, home: home.id, leftovers, free };
}
