import { describe, expect, test } from "vitest";
import { useMachine } from "../fixtures.test.kit.ts";
import type { Machine } from "../machine.ts";
import type { ShellOptions } from "./options.ts";
import type { Shell } from "./shell.ts";
import { BASH, openShell, WAIT_20S } from "./shell.test.kit.ts";

let pc1: Machine;
useMachine((rig) => ({ pc1 } = rig));

const open = (options: ShellOptions = BASH): Promise<Shell> => openShell(pc1, options);

describe("a wait", () => {
  test("times out with the last screen", async () => {
    const shell = await open({ command: "printf 'Password: '; read -r x" });
    await shell.waitForScreen("Password:");
    await expect(shell.waitForScreen(/^ready$/m, { timeout: 200 })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringMatching(
        /^Waited 0\.\d s for \/\^ready\$\/m on the screen of the shell "printf .*" on pc1; last seen: this:\n {2}┌─+┐\n {2}│Password: +│\n {2}└─ 80×24, cursor in row 0, column 10 ─+┘$/,
      ),
    });
    await expect(shell.waitForExit({ timeout: 100 })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringMatching(
        /^Waited 0\.\d s for the shell .* to end on pc1; last seen: this:\n[^]*Password:/,
      ),
    });
  });

  test("ends immediately when the program has ended", async () => {
    const shell = await open({ command: "echo 'no such thing'; exit 4" });
    await expect(shell.waitForScreen("ready", WAIT_20S)).rejects.toMatchObject({
      code: "WAIT_FAILED",
      message: expect.stringMatching(
        /^"ready" on the screen of the shell .* on pc1 will not appear: it exited with 4 after .*\n[^]*no such thing/,
      ),
    });
    for (const act of [
      () => shell.type("x"),
      () => shell.press("Enter"),
      () => shell.paste("x"),
      () => shell.resize({ columns: 9, rows: 9 }),
    ]) {
      await expect(act()).rejects.toMatchObject({
        code: "SHELL_ENDED",
        message: expect.stringContaining("no such thing"),
      });
    }
  });

  test("throws the error of its predicate", async () => {
    const reason = new Error("mine");
    const shell = await open();
    const wait = shell.waitForScreen(() => {
      throw reason;
    });
    await expect(wait).rejects.toBe(reason);
  });

  test("ends when its signal aborts", async () => {
    const abort = new AbortController();
    const wait = (await open()).waitForScreen("never", { signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(wait).rejects.toThrow("enough");
  });
});
