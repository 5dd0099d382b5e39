import { expect, test } from "vitest";
import { enterNextHostKey, makeNextHostKey } from "./host-key.ts";
import type { RootShell } from "./root-shell.ts";
import { setGuestLink } from "./link.ts";
import { EXIT } from "./script/exit-codes.ts";
import type { Change } from "./snapshots.ts";

/** A machine that has seen fence 9. */
function machineOfLaterRun(): { readonly change: Change; readonly seen: string[][] } {
  const seen: string[][] = [];
  const shell: RootShell = {
    run: async (script, { args = [] }) => {
      expect(script).toContain("if (( seen > fence )); then");
      seen.push([...args]);
      return Number(args[0]) < 9
        ? { code: EXIT.fenced, stdout: "9\n", stderr: "" }
        : { code: 0, stdout: "ssh-ed25519 AAAA\n", stderr: "" };
    },
  };
  const { signal } = new AbortController();
  return { change: { copy: "pcs-1", machine: "pc1", shell, signal, fence: 8 }, seen };
}

test.each<[string, (change: Change) => Promise<unknown>, string[]]>([
  ["makes no host key", makeNextHostKey, []],
  [
    "enters no host key",
    (change) => enterNextHostKey(change, "ssh-ed25519 AAAA"),
    ["ssh-ed25519 AAAA"],
  ],
  [
    "switches no link",
    (change) => setGuestLink(change, { mac: "86:00:00:00:00:01", to: "down" }),
    ["86:00:00:00:00:01", "down"],
  ],
])("a run that lost its lease %s: the machine compares the fence", async (_, act, args) => {
  const { change, seen } = machineOfLaterRun();
  await expect(act(change)).rejects.toMatchObject({ code: "FENCED" });
  await act({ ...change, fence: 9 });
  expect(seen).toEqual([
    ["8", ...args],
    ["9", ...args],
  ]);
});
