import { expect, test } from "vitest";
import type { RootShell } from "./root-shell.ts";
import { runScript, type ScriptRun } from "./run-script.ts";
import { EXIT } from "./script/exit-codes.ts";
import { capture } from "./snapshots.ts";

function answering(code: number, stdout = "", stderr = ""): Omit<ScriptRun, "fence"> {
  const shell: RootShell = { run: async () => ({ code, stdout, stderr }) };
  const { signal } = new AbortController();
  return { copy: "pcs-1", machine: "pc1", shell, signal, script: "", task: "restore base" };
}

test("a machine that has seen a larger fence is an error of the lease", async () => {
  await expect(runScript({ ...answering(EXIT.fenced, "9\n"), fence: 8 })).rejects.toMatchObject({
    code: "FENCED",
    summary: "pc1 refuses fence 8: it has seen 9.",
  });
});

test("a damaged fence is refused with its file and a remedy", async () => {
  await expect(runScript(answering(EXIT.fenceUnreadable))).rejects.toMatchObject({
    code: "ROLLBACK_FAILED",
    details: [expect.stringContaining("/.snapshots/.vmrig/fence")],
    hint: expect.stringContaining("`vmrig up --copy pcs-1 --replace pc1`"),
  });
});

test("an unexpected end shows the last lines of the script's errors, bounded", async () => {
  const stderr = `${"x".repeat(9_999)}\n`.repeat(50);
  const failure = runScript(answering(1, "", stderr));
  await expect(failure).rejects.toThrow(/pc1 cannot restore base: the script ended with code 1/);
  await expect(failure).rejects.toMatchObject({ details: Array(8).fill("x".repeat(300)) });
});

test("a name that leads out of the folder of snapshots never reaches the machine", async () => {
  const place = { ...answering(0), fence: 1 };
  for (const name of ["../x", ".vmrig", "a b", "", "$(x)"])
    await expect(capture(place, name)).rejects.toThrow(/can have no snapshot named/);
});
