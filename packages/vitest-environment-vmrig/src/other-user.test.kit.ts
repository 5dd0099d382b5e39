import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { vi, expect } from "vitest";
import type { Home } from "./home.test.kit.ts";

const CLI = fileURLToPath(import.meta.resolve("vmrig/cli"));

/** The part of `vmrig status --json` that these tests read. */
export interface Status {
  readonly copies: readonly {
    readonly copy: string;
    readonly state: "free" | "held" | "retained";
    readonly retained?: { readonly why: string; readonly yours: boolean };
  }[];
  readonly queue: readonly unknown[];
}

/** Another user at another terminal of the same home, with the command `vmrig` and no Vitest. */
export interface OtherUser extends AsyncDisposable {
  status(): Promise<Status>;
  /**
   * Leases a copy, waiting in the queue for it, and runs a command on its pc1. @returns a function
   * that releases the copy
   */
  hold(copy?: string): Promise<() => Promise<void>>;
  /** Force-releases the copy, and then leases the copy itself. */
  takeAway(copy?: string): Promise<void>;
  /** Runs any other verb. @returns both streams */
  vmrig(...words: readonly string[]): Promise<string>;
}

/** Opens another user for the rig of a project. */
export function openOtherUser(
  { env }: Home,
  cwd: string,
  more: Readonly<Record<string, string>> = {},
): OtherUser {
  const start = (words: readonly string[]) =>
    execa(process.execPath, [CLI, ...words], {
      cwd,
      env: { ...env, VMRIG_REDIS_URL: undefined, ...more },
      reject: false,
      all: true,
      input: "",
    });
  const holding = new Set<ReturnType<typeof start>>();
  const vmrig: OtherUser["vmrig"] = async (...words) => {
    const { all, exitCode } = await start(words);
    expect(exitCode, all).toBe(0);
    return all;
  };
  const hold: OtherUser["hold"] = async (copy = "pcs-1") => {
    const child = start(["exec", "pc1", "--copy", copy, "--fresh", "--", "sleep", "600"]);
    holding.add(child);
    let logLines = "";
    child.all.on("data", (chunk: Buffer) => (logLines += chunk.toString()));
    await vi.waitFor(() => expect(logLines).toContain("is held until"), {
      timeout: 60_000,
      interval: 20,
    });
    return async () => {
      child.kill("SIGINT");
      holding.delete(child);
      await child;
    };
  };
  return {
    vmrig,
    hold,
    status: async () => JSON.parse(await vmrig("status", "--json")) as Status,
    async takeAway(copy = "pcs-1") {
      expect(await vmrig("release", "--force", "--copy", copy)).toContain(copy);
      await hold(copy);
    },
    async [Symbol.asyncDispose]() {
      for (const child of holding) child.kill("SIGINT");
      await Promise.all(holding);
    },
  };
}
